import { matrix } from './matrix.ts';

matrix('supabase');
