import type { FailureCode, FailureKind, Phase, ReplayClass } from '../../../src/model/failure.ts';
import { type Answer, bytesAnswer, jsonAnswer } from '../../simulators/answer.ts';
import type { Fault } from '../../simulators/faults.ts';
import { googleError, invalidKey, quotaError } from '../../simulators/gemini/errors.ts';
import { cloudflarePage, restError } from '../../simulators/supabase/errors.ts';
import { graphError } from '../../simulators/whatsapp/errors.ts';
import type { Lookup } from './names.ts';
import type { UpstreamName } from './routes.ts';

/** What strikes an attempt: in its lookup, or in the simulator. */
type Strike = { readonly lookup: Exclude<Lookup, 'finds'> } | { readonly fault: Fault };

/** How an attempt that was struck is told: in log and journal, and in our own errors. */
export interface Told {
  readonly phase: Phase;
  readonly kind: FailureKind;
  readonly code: FailureCode;
}

/** One thing that goes wrong, and what it means by the table of replay classes (docs/ARCHITECTURE.md). */
export interface Trouble {
  readonly name: string;
  readonly strike: Strike;
  readonly replay: ReplayClass;
  /** What of the request reaches the simulator. */
  readonly arrives: 'nothing' | 'head' | 'whole';
  /** Whether the service does what it was asked, although the client does not hear of it. */
  readonly done: boolean;
  /** Several where the kernel decides which comes first. Absent: the upstream answered. */
  readonly told?: readonly Told[];
  /** The upstream's answer. Absent: there is none. */
  readonly answer?: Answer;
  /** Asks for longer than is waited for. */
  readonly tooLong?: true;
  /** Asks to wait for so long, in milliseconds. */
  readonly asksMs?: number;
  /** How an attempt that meets it is counted, where its status misleads. */
  readonly counts?: 'failed' | 'refused';
  /** Names a limit for which a paced route waits, 1 ms in the cases and doubled. */
  readonly paces?: true;
  /** The time limit that it runs into, which the case makes short. */
  readonly limit?: 'connect' | 'tls' | 'headers' | 'idle';
  /** It breaks the body of the answer: `whole` where the head is a right one, so that it may go on by range. */
  readonly body?: 'whole' | 'foreign';
}

const lost: Told = { phase: 'headers', kind: 'reset', code: 'connection_terminated' };
const silent: Told = { phase: 'headers', kind: 'timeout', code: 'http_response_timeout' };
const malformed: Told = { phase: 'headers', kind: 'protocol', code: 'http_protocol_error' };
const nothing = { arrives: 'nothing', done: false, replay: 'unsent' } as const;
const sent = { arrives: 'whole', done: true, replay: 'ambiguous' } as const;

/** Faults of the way to the upstream, and of its HTTP. `bodyBytes`: what of a body comes before it breaks. */
export function wireTroubles(bodyBytes: number): readonly Trouble[] {
  return [
    { ...nothing, name: 'DNS failure', strike: { lookup: 'fails' }, told: [{ phase: 'dns', kind: 'refused', code: 'dns_error' }] },
    {
      ...nothing,
      name: 'refused connection',
      strike: { lookup: 'refuses' },
      told: [{ phase: 'connect', kind: 'refused', code: 'connection_refused' }],
    },
    {
      ...nothing,
      name: 'blackholed connect',
      strike: { lookup: 'swallows' },
      limit: 'connect',
      told: [{ phase: 'connect', kind: 'timeout', code: 'connection_timeout' }],
    },
    {
      ...nothing,
      name: 'TLS stall',
      strike: { fault: { kind: 'stall-tls' } },
      limit: 'tls',
      told: [{ phase: 'tls', kind: 'timeout', code: 'connection_timeout' }],
    },
    {
      ...nothing,
      name: 'TLS failure',
      strike: { fault: { kind: 'close-tls' } },
      told: [{ phase: 'tls', kind: 'reset', code: 'tls_protocol_error' }],
    },
    {
      ...nothing,
      name: 'reset on accept',
      strike: { fault: { kind: 'reset-connection' } },
      told: [
        { phase: 'tls', kind: 'reset', code: 'tls_protocol_error' },
        { phase: 'connect', kind: 'reset', code: 'connection_refused' },
      ],
    },
    {
      ...sent,
      name: 'reset before the request is read',
      arrives: 'head',
      done: false,
      strike: { fault: { kind: 'reset-at-head' } },
      told: [lost, { ...lost, phase: 'send' }],
    },
    {
      ...sent,
      name: 'request never read',
      arrives: 'head',
      done: false,
      strike: { fault: { kind: 'stall-reading' } },
      limit: 'headers',
      told: [silent],
    },
    { ...sent, name: 'reset after the request', strike: { fault: { kind: 'reset-before-headers' } }, told: [lost] },
    { ...sent, name: 'close after the request', strike: { fault: { kind: 'close-before-headers' } }, told: [lost] },
    { ...sent, name: 'stalled headers', strike: { fault: { kind: 'stall-headers' } }, limit: 'headers', told: [silent] },
    { ...sent, name: 'malformed status line', strike: { fault: { kind: 'malformed', how: 'status-line' } }, told: [malformed] },
    { ...sent, name: 'malformed header', strike: { fault: { kind: 'malformed', how: 'header' } }, told: [malformed] },
    { ...sent, name: 'malformed length', strike: { fault: { kind: 'malformed', how: 'content-length' } }, told: [malformed] },
    { ...sent, name: 'huge header', strike: { fault: { kind: 'malformed', how: 'huge-header' } }, told: [malformed] },
    {
      ...sent,
      name: 'malformed chunk',
      replay: 'cut',
      body: 'foreign',
      strike: { fault: { kind: 'malformed', how: 'chunk' } },
      told: [{ phase: 'body', kind: 'protocol', code: 'http_protocol_error' }],
    },
    {
      ...sent,
      name: 'reset mid body',
      replay: 'cut',
      body: 'whole',
      strike: { fault: { kind: 'reset-body', afterBytes: bodyBytes } },
      told: [{ phase: 'body', kind: 'reset', code: 'http_response_incomplete' }],
    },
    {
      ...sent,
      name: 'truncated body',
      replay: 'cut',
      body: 'whole',
      strike: { fault: { kind: 'truncate-body', afterBytes: bodyBytes } },
      told: [{ phase: 'body', kind: 'reset', code: 'http_response_incomplete' }],
    },
    {
      ...sent,
      name: 'stalled body',
      replay: 'cut',
      body: 'whole',
      strike: { fault: { kind: 'stall-body', afterBytes: bodyBytes } },
      limit: 'idle',
      told: [{ phase: 'body', kind: 'timeout', code: 'connection_read_timeout' }],
    },
  ];
}

/** An answer in place of the right one; nothing is done. */
function answered(name: string, answer: Answer, replay: ReplayClass, more: Partial<Trouble> = {}): Trouble {
  return { name, answer, replay, strike: { fault: { kind: 'answer', answer } }, arrives: 'whole', done: false, ...more };
}

function plain(status: number, headers: Record<string, string> = {}): Answer {
  return jsonAnswer(status, { message: 'żle', status }, headers);
}

/** The statuses as HTTP means them, whatever the upstream. */
const STATUSES: readonly Trouble[] = [
  answered('429', plain(429), 'refused'),
  answered('429, Retry-After 0', plain(429, { 'retry-after': '0' }), 'refused', { asksMs: 0 }),
  answered('429, Retry-After a past date', plain(429, { 'retry-after': 'Mon, 23 Nov 2020 10:00:00 GMT' }), 'refused', { asksMs: 0 }),
  answered('429, Retry-After an hour', plain(429, { 'retry-after': '3600' }), 'refused', { tooLong: true }),
  answered('500', plain(500), 'ambiguous'),
  answered('502 in HTML', bytesAnswer(502, Buffer.from('<html>502</html>'), { 'content-type': 'text/html' }), 'ambiguous'),
  answered('503', plain(503), 'ambiguous'),
  answered('503, Retry-After 0', plain(503, { 'retry-after': '0' }), 'refused', { asksMs: 0 }),
  answered('503, Retry-After an hour', plain(503, { 'retry-after': '3600' }), 'refused', { tooLong: true }),
  answered('504', plain(504), 'ambiguous'),
  answered('501', plain(501), 'answered'),
  answered('400', plain(400), 'answered'),
  answered('404', plain(404), 'answered'),
];

const GRAPH: readonly Trouble[] = [
  ...([130429, 131056] as const).map((code) => answered(`Graph ${code}`, graphError(code), 'refused', { paces: true })),
  ...([130429, 131056] as const).map((code) =>
    answered(`Graph ${code} as 400`, graphError(code, { status: 400 }), 'refused', { paces: true, counts: 'refused' }),
  ),
  ...([80007, 4] as const).map((code) => answered(`Graph ${code}, transient but by the hour`, graphError(code), 'answered')),
  answered('Graph 2, transient', graphError(2), 'refused'),
  answered('Graph 2, transient, as 500', graphError(2, { status: 500 }), 'refused'),
  answered('Graph 2, not transient', graphError(2, { transient: false }), 'ambiguous'),
  answered('Graph 2, not transient, as 400', graphError(2, { status: 400, transient: false }), 'ambiguous', { counts: 'failed' }),
  answered('Graph 1 as 500', graphError(1), 'ambiguous'),
  answered('Graph 1 as 400', graphError(1, { status: 400 }), 'answered'),
  ...([131000, 131016, 133004] as const).map((code) => answered(`Graph ${code}`, graphError(code), 'ambiguous')),
  answered('Graph 131016 that says transient', graphError(131016, { transient: true }), 'ambiguous'),
  answered('Graph 3 as 500', graphError(3), 'answered', { counts: 'refused' }),
  answered('Graph 131057', graphError(131057), 'answered', { counts: 'refused' }),
  ...([0, 10, 33, 100, 104, 190, 368, 803, 131008, 131026, 131047, 131048, 132000, 132001] as const).map((code) =>
    answered(`Graph ${code}`, graphError(code), 'answered'),
  ),
];

const GOOGLE: readonly Trouble[] = [
  answered('quota of the minute, a short wait', quotaError('minute', '0.002s'), 'refused', { asksMs: 2 }),
  answered('quota of the minute, a long wait', quotaError('minute', '26s'), 'refused', { tooLong: true }),
  answered('quota of the day', quotaError('day', '0.002s'), 'answered'),
  answered('quota of day and minute', quotaError('both', '0.002s'), 'answered'),
  answered('429 without details', googleError(429), 'refused'),
  answered('500 INTERNAL', googleError(500), 'ambiguous'),
  answered('503 UNAVAILABLE', googleError(503), 'ambiguous'),
  answered('504 DEADLINE_EXCEEDED', googleError(504), 'answered'),
  answered('400 INVALID_ARGUMENT', googleError(400), 'answered'),
  answered('400 API_KEY_INVALID', invalidKey(), 'answered'),
  answered('403 PERMISSION_DENIED', googleError(403), 'answered'),
  answered('404 NOT_FOUND', googleError(404), 'answered'),
  answered('499 CANCELLED', googleError(499), 'answered'),
];

const POSTGREST: readonly Trouble[] = [
  ...(['PGRST000', 'PGRST002', 'PGRST003', '53300'] as const).map((code) => answered(code, restError(code), 'refused')),
  ...(['40001', '40P01', '55P03'] as const).map((code) => answered(code, restError(code), 'refused', { counts: 'refused' })),
  ...(['PGRST001', '57P01', '08006', '53400'] as const).map((code) => answered(code, restError(code), 'ambiguous')),
  answered('57014', restError('57014'), 'answered', { counts: 'refused' }),
  ...(['23505', '23503', '23502', '42501', '42703', 'PGRST116', 'PGRST301', 'PGRST303', 'PGRST205'] as const).map((code) =>
    answered(code, restError(code), 'answered'),
  ),
  ...[521, 523, 525, 526, 530].map((status) => answered(`Cloudflare ${status}`, cloudflarePage(status), 'unsent')),
  ...[520, 522, 524, 527].map((status) => answered(`Cloudflare ${status}`, cloudflarePage(status), 'ambiguous')),
  answered('Supabase 402', plain(402), 'answered'),
  ...[540, 546].map((status) => answered(`Supabase ${status}`, plain(status), 'answered', { counts: 'refused' })),
  answered('Supabase 544', plain(544), 'ambiguous'),
];

/** Answers that tell of a fault, by upstream. Cloudflare's pages mean something before Supabase only. */
export const ANSWERS = {
  whatsapp: [...STATUSES, ...GRAPH, answered('520', plain(520), 'answered')],
  gemini: [...STATUSES, ...GOOGLE, answered('522', plain(522), 'answered')],
  supabase: [...STATUSES, ...POSTGREST],
} as const satisfies Record<UpstreamName, readonly Trouble[]>;
