import { seededRandom } from '../../test/simulators/random.ts';
import { type CallResult, makeCall } from './call.ts';
import { answerMessage, ChainBroken, keepPicture, type Setting, type Step } from './chains.ts';
import type { Dial } from './dial.ts';

/** What the backend went through: each request that it handled, and each call that it made for them. */
export interface Experience {
  readonly requests: { readonly ok: boolean; readonly ms: number; readonly error: string | undefined }[];
  readonly calls: { readonly ok: boolean; readonly ms: number }[];
}

/** How much comes in. */
export interface LoadShape {
  readonly seed: number;
  readonly durationMs: number;
  /** Mean of inbound requests a second; they come at random times, whether the ones before are done or not. */
  readonly perSecond: number;
}

/** Every one in so many requests is a picture. */
const PICTURE_EVERY = 6;

/** Lets requests come in until the time is over, waits for the last one, and tells how it went. */
export async function runLoad(shape: LoadShape, dial: Dial, setting: Setting): Promise<Experience> {
  const experience: Experience = { requests: [], calls: [] };
  const step = stepper(dial, experience);
  const handled = arrivals(shape).map(async (atMs, index) => {
    await new Promise((resolve) => setTimeout(resolve, atMs));
    const chain = index % PICTURE_EVERY === PICTURE_EVERY - 1 ? keepPicture : answerMessage;
    const start = performance.now();
    const error = await chain(step, setting, index).then(() => undefined, reasonOf);
    experience.requests.push({ ok: error === undefined, ms: performance.now() - start, error });
  });
  await Promise.all(handled);
  return experience;
}

function stepper(dial: Dial, experience: Experience): Step {
  return async (call): Promise<CallResult> => {
    const result = await makeCall(call, dial);
    experience.calls.push({ ok: result.ok, ms: result.ms });
    if (!result.ok) throw new ChainBroken(`${call.method} ${new URL(call.url).pathname.split('/').slice(0, 4).join('/')}: ${result.error ?? ''}`);
    return result;
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof ChainBroken) return error.message;
  throw error;
}

/** Milliseconds at which requests come: exponential gaps, the same for the same seed. */
function arrivals({ seed, durationMs, perSecond }: LoadShape): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  for (let at = 0; ;) {
    at += (-Math.log(1 - random()) * 1000) / perSecond;
    if (at >= durationMs) return times;
    times.push(at);
  }
}
