import { type HeaderList, withoutHeaders } from '../../model/headers.ts';
import { CONDITIONS } from '../rules/conditions.ts';

/** Fields in which the requests of one client differ by what they ask for; all others have to be the same. */
const WORDING: ReadonlySet<string> = new Set(['accept', 'accept-profile', 'prefer', 'range', 'range-unit']);
/** Fields that are new for each request and change no answer: traces, numbers, and what SDKs count. */
const PER_REQUEST =
  /^(?:traceparent|tracestate|baggage|sentry-trace|date|x-(?:request|correlation|client-request|amzn-trace|cloud-trace)-(?:id|context)|x-b3-.*|x-retry-count|x-stainless-.*|x-goog-api-client)$/;

/** What a request asks for besides its path, to be asked for again. */
export function wordingOf(headers: HeaderList): string[] {
  return withoutHeaders(headers, (name) => !WORDING.has(name));
}

/** How a request is worded that follows another: `seen`, as its like was last; `said`, with these fields in the place of those of the one before it. */
export interface Wording {
  readonly kind: 'seen' | 'said';
  readonly fields: HeaderList;
}

/** The fields of a request that follows another: the same client's, without what was for that one alone, worded so. */
export function followingHeaders(headers: HeaderList, { kind, fields }: Wording): HeaderList {
  const replaced = kind === 'seen' ? WORDING : new Set(['range', 'range-unit', ...fields.filter((_, index) => index % 2 === 0)]);
  const kept = withoutHeaders(headers, (name) => replaced.has(name) || CONDITIONS.has(name) || name === 'cache-control' || name === 'pragma');
  return [...kept, ...fields];
}

/** A text that is the same for requests that differ in nothing that could matter to an answer. It holds credentials: it is to be hashed. */
export function fieldsText(headers: HeaderList): string {
  const pairs: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!PER_REQUEST.test(name)) pairs.push(`${name}: ${headers[i + 1] ?? ''}`);
  }
  return pairs.toSorted().join('\n');
}
