import { matrix } from './matrix.ts';

matrix('gemini');
