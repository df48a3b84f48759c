import { GEMINI } from './routes/gemini.ts';
import type { Route, UpstreamName } from './routes/route.ts';
import { SUPABASE } from './routes/supabase.ts';
import { WHATSAPP } from './routes/whatsapp.ts';

/** The routes of the three presets that the matrix goes through. */
export const ROUTES = { whatsapp: WHATSAPP, gemini: GEMINI, supabase: SUPABASE } as const satisfies Record<UpstreamName, readonly Route[]>;

export type { Route, Sending, UpstreamName } from './routes/route.ts';
