import { seedIncident } from '../../test/simulators/seed.ts';
import { type Simulators, startSimulators } from '../../test/simulators/start.ts';
import { CONVERSATIONS } from './chains.ts';
import type { Dial } from './dial.ts';
import { type Experience, type LoadShape, runLoad } from './load.ts';
import { startWeather } from './weather.ts';

const PICTURE = Buffer.alloc(30_000, 'picture');

/** What both halves have in common. */
export interface Incident extends LoadShape {
  readonly rttMs: number;
  /** Leaves out what would keep a direct caller waiting for more than 20 s, so that it ends soon. */
  readonly gentle: boolean;
}

/** Simulators of its own for one half, with rows and a picture in them. */
export async function startWorld({ seed, rttMs }: Incident): Promise<Simulators> {
  const sim = await startSimulators({ seed, rttMs });
  seedIncident(sim, CONVERSATIONS);
  return sim;
}

/** Plays the incident against one world. */
export async function playHalf(incident: Incident, sim: Simulators, dial: Dial): Promise<Experience> {
  const weather = startWeather(sim, incident.durationMs * (incident.gentle ? 0.7 : 1), incident.gentle);
  // Each picture is there before its message comes in, as with WhatsApp.
  const mediaId = (number: number): string => sim.whatsapp.media.add(PICTURE, 'image/jpeg', String(4_490_700_000_000_000 + number));
  const setting = { supabaseUrl: `https://${sim.supabase.hosts[0] ?? ''}`, supabaseKey: sim.supabase.serviceKey, mediaId };
  const experience = await runLoad(incident, dial, setting);
  await weather.end();
  return experience;
}
