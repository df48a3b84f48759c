import type { FaultHandle } from '../simulators/plan.ts';
import type { Simulators } from '../simulators/start.ts';
import { restError } from '../simulators/supabase/errors.ts';
import { graphError } from '../simulators/whatsapp/errors.ts';

/** Sends of messages, and not the marks as read that share their URL. */
export const SENDS = { method: 'POST', path: '/*/*/messages', when: ({ body }: { body: Buffer }) => body.includes('"to"') };

/**
 * Faults that can be mended: for Gemini and for reads of Supabase the first call meets two answers of 503, the second one a reset and then
 * headers that never come; the first insert is refused; WhatsApp cuts its connections, resets the next one and refuses the first send.
 */
export function disturb({ whatsapp, gemini, supabase }: Simulators): { hits(): number } {
  const faults: FaultHandle[] = [];
  for (const [upstream, on] of [
    [supabase, { method: 'GET' }],
    [gemini, {}],
  ] as const) {
    faults.push(
      upstream.fault({ kind: 'status', status: 503 }, { on, times: 2 }),
      upstream.fault({ kind: 'reset-before-headers' }, { on, after: 1, times: 1 }),
      upstream.fault({ kind: 'stall-headers' }, { on, after: 1, times: 1 }),
    );
  }
  whatsapp.cut();
  faults.push(
    supabase.fault({ kind: 'answer', answer: restError('PGRST000') }, { on: { method: 'POST', path: '/rest/v1/**' }, times: 1 }),
    whatsapp.fault({ kind: 'answer', answer: graphError(130429) }, { on: SENDS, times: 1 }),
    whatsapp.fault({ kind: 'reset-connection' }, { times: 1 }),
  );
  return { hits: () => faults.reduce((sum, { hits }) => sum + hits, 0) };
}
