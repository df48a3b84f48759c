import { matrix } from './matrix.ts';

matrix('whatsapp');
