import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ReplayClass } from '../../../src/model/failure.ts';
import { OK, RawUpstream } from '../upstream/fixtures.ts';
import { chain, request } from './fixtures.ts';

/** What an upstream does with a request, the class that it puts it in, and the status that the client gets where that is the end. */
interface Fault {
  readonly name: string;
  readonly act: (socket: Socket) => void;
  readonly replay: ReplayClass;
  readonly status: number;
}

function answers(line: string, headers = ''): (socket: Socket) => void {
  return (socket) => void socket.write(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n${headers}\r\n`);
}

const FAULTS: readonly Fault[] = [
  { name: 'a reset after the request', act: (socket) => socket.resetAndDestroy(), replay: 'ambiguous', status: 502 },
  { name: 'a close after the request', act: (socket) => void socket.end(), replay: 'ambiguous', status: 502 },
  { name: 'half a head', act: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-'), replay: 'ambiguous', status: 502 },
  { name: 'garbage', act: (socket) => void socket.end('NONSENSE\r\n\r\n'), replay: 'ambiguous', status: 502 },
  { name: 'silence', act: () => undefined, replay: 'ambiguous', status: 504 },
  { name: '500', act: answers('500 Bad'), replay: 'ambiguous', status: 500 },
  { name: '502', act: answers('502 Bad'), replay: 'ambiguous', status: 502 },
  { name: '503', act: answers('503 Bad'), replay: 'ambiguous', status: 503 },
  { name: '504', act: answers('504 Bad'), replay: 'ambiguous', status: 504 },
  { name: '503 with Retry-After', act: answers('503 Busy', 'Retry-After: 0\r\n'), replay: 'refused', status: 503 },
  { name: '429', act: answers('429 Slow'), replay: 'refused', status: 429 },
  { name: '501', act: answers('501 Never'), replay: 'answered', status: 501 },
  { name: '404', act: answers('404 None'), replay: 'answered', status: 404 },
];

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH', 'POST with a key'] as const;
type Method = (typeof METHODS)[number];

/** What may be sent again, as docs/retries.md has it, written by itself. */
function mayRepeat(replay: ReplayClass, method: Method, refused: boolean): boolean {
  if (replay === 'unsent') return true;
  if (replay === 'refused') return refused;
  return replay === 'ambiguous' && method !== 'POST' && method !== 'PATCH';
}

const CASES = FAULTS.flatMap((fault) =>
  METHODS.flatMap((method) =>
    [2, 3, Infinity].flatMap((healsAt) =>
      (fault.replay === 'refused' ? [true, false] : [true]).map((refused) => ({ fault, method, healsAt, refused })),
    ),
  ),
);

describe('what is sent again, over real sockets', () => {
  it.each(CASES.map((one) => [`${one.method}, ${one.fault.name}, well at ${one.healsAt}, refused: ${one.refused}`, one] as const))(
    '%s',
    async (_name, { fault, method, healsAt, refused }) => {
      await using upstream = await RawUpstream.start((socket, number) => (number >= healsAt ? void socket.write(OK) : fault.act(socket)));
      await using api = chain(upstream.authority, {
        timeouts: { headers: fault.name === 'silence' ? '25ms' : '20s', total: '60s' },
        retry: { attempts: 3, refused, backoff: { base: '1ms', max: '1ms' }, budget: { minPerSecond: 100 } },
      });
      const bare = method === 'POST with a key' ? 'POST' : method;
      const exchange = request(upstream.authority, {
        method: bare,
        headers: bare === method ? [] : ['idempotency-key', 'k1'],
        ...((bare === 'POST' || bare === 'PUT' || bare === 'PATCH') && { body: `{"for":"${method}"}` }),
      });
      const repeats = mayRepeat(fault.replay, method, refused);
      const sent = repeats ? Math.min(3, healsAt) : 1;
      const outcome = await api.service(exchange);
      if (outcome.type === 'failure') throw new Error(outcome.detail);
      outcome.body.abort();
      expect(outcome.status).toBe(repeats && healsAt <= 3 ? 200 : fault.status);
      expect(upstream.received).toHaveLength(sent);
      expect(new Set(upstream.received).size).toBe(1);
      expect(exchange.attempts?.map(({ failure }) => failure?.kind !== undefined)).toHaveLength(sent);
      expect(exchange.outcomeUnknown).toBe(fault.replay === 'ambiguous' && !repeats);
    },
  );
});
