import type { Reply } from '../model/outcome.ts';
import { SplicedBody } from './coalesce/spliced-body.ts';
import type { Arrival } from './entry.ts';
import { filledBy, type Gap } from './rules/gap.ts';

/** The answer that a 206 to the request for a gap makes together with the stored parts around it; undefined where it does not fit. The bytes come as they arrive. */
export function filling(gap: Gap, { reply, respondedAt }: Arrival): Reply | undefined {
  const filled = reply.status === 206 ? filledBy(gap, { headers: reply.headers, respondedAt }) : undefined;
  if (filled === undefined) return undefined;
  const { status, headers, length } = filled;
  return { ...reply, status, headers, body: new SplicedBody({ before: gap.before, body: reply.body, length, after: gap.after }) };
}
