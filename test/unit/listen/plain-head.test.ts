import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeAnswerHead } from '../../../src/listen/answer-head.ts';
import { KEEP_ALIVE_MS } from '../../../src/listen/http-server.ts';
import { BytesBody } from '../../../src/model/body.ts';
import { type FieldMemo, fromStore, reply, type Reply } from '../../../src/model/outcome.ts';

/** Node's own place for a head that waits for the body, which is compared here, and whether Node wrote it. */
interface Looked {
  readonly head: string;
  readonly byNode: boolean;
  readonly status: number;
}

interface Framing {
  readonly length?: number | undefined;
  readonly cacheStatus?: string;
  readonly id?: string;
  readonly close?: boolean;
}

/** What is written for a reply to a request that has just come over a kept connection. */
function written(answer: Reply, plain: boolean, framing: Framing = {}, prepare: (response: ServerResponse) => void = () => undefined): Looked {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const response = new ServerResponse(request);
  const inner = response as unknown as { _header: string; _keepAliveTimeout: number };
  response.shouldKeepAlive = true;
  inner._keepAliveTimeout = KEEP_ALIVE_MS;
  prepare(response);
  let byNode = false;
  const writeHead = response.writeHead.bind(response) as (status: number, fields: string[]) => ServerResponse;
  response.writeHead = ((status: number, fields: string[]) => {
    byNode = true;
    return writeHead(status, fields);
  }) as typeof response.writeHead;
  writeAnswerHead(response, answer, { length: 2, id: 'id-1', cacheStatus: '', close: false, plain, ...framing });
  return { head: inner._header.replace(/^Date: .*$/m, 'Date: now'), byNode, status: response.statusCode };
}

const DATE = ['date', 'Tue, 01 Jan 2030 00:00:00 GMT'];
const upstream = (headers: readonly string[], status = 200): Reply => reply(status, headers, 'upstream', new BytesBody());
const stored = (headers: readonly string[], memo: FieldMemo): Reply => fromStore(200, headers, new BytesBody(), '7', memo);

const NAMES = [
  'date',
  'content-length',
  'content-type',
  'content-disposition',
  'x-request-id',
  'etag',
  'set-cookie',
  'connection',
  'trailer',
  'transfer-encoding',
  'keep-alive',
];
const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ minLength: 1, maxLength: 8 }));
const value = fc.oneof(
  fc.constantFrom('text/plain', 'close', 'keep-alive', 'chunked', 'a\r\nsmuggled: c', 'caf\u00e9', '\u010a\u010d', 'tab\there', ''),
  fc.string({ maxLength: 12 }),
  fc.string({ maxLength: 12, unit: 'binary' }),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat());

/** Either the text or what was thrown: fields that Node refuses are refused either way. */
function attempt(make: () => Looked): string {
  try {
    const { head, status } = make();
    return `${status} ${head}`;
  } catch (error) {
    return `thrown: ${(error as NodeJS.ErrnoException).code}`;
  }
}

describe('the head of an ordinary answer', () => {
  it('is put in its place without Node looking at each field', () => {
    const looked = written(upstream([...DATE, 'content-type', 'text/plain', 'content-length', '2']), true, { cacheStatus: 'hit; ttl=9' });
    expect(looked).toEqual({
      status: 200,
      byNode: false,
      head:
        'HTTP/1.1 200 OK\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n' +
        'cache-status: breakwater; hit; ttl=9\r\nx-request-id: id-1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=65\r\n\r\n',
    });
  });

  it('is, whatever the fields are, what Node would write', () => {
    const status = fc.constantFrom(200, 201, 204, 206, 304, 404, 503, 299, 799);
    const framing = fc.record({
      length: fc.option(fc.nat(9), { nil: undefined }),
      cacheStatus: fc.constantFrom('', 'hit; ttl=1'),
      close: fc.boolean(),
    });
    fc.assert(
      fc.property(status, fields, fc.boolean(), framing, (code, headers, dated, more) => {
        const answer = upstream(dated ? [...DATE, ...headers] : headers, code);
        expect(attempt(() => written(answer, true, more))).toBe(attempt(() => written(answer, false, more)));
      }),
      { numRuns: 2000 },
    );
  });

  it('never holds a line that a field has smuggled in', () => {
    fc.assert(
      fc.property(fields, value, (headers, detail) => {
        const looked = attempt(() => written(upstream([...DATE, ...headers]), true, { cacheStatus: `hit; detail=${detail}` }));
        expect(looked).not.toMatch(/^smuggled:/m);
        for (const line of looked
          .replace(/\r\n\r\n$/, '')
          .split('\r\n')
          .slice(1))
          expect(line).toMatch(/^[^\s:]+: [\t\x20-\x7e\x80-\xff]*$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves to Node what is not ordinary: no date, no length, a connection that ends, a status without content', () => {
    const usual = [...DATE, 'content-length', '2'];
    expect(written(upstream(['content-length', '2']), true).byNode).toBe(true);
    expect(written(upstream(DATE), true, { length: undefined }).byNode).toBe(true);
    expect(written(upstream(usual, 204), true).byNode).toBe(true);
    expect(written(upstream(usual, 304), true).byNode).toBe(true);
    expect(written(upstream([...usual, 'connection', 'close']), true).byNode).toBe(true);
    const ending = written(upstream(usual), true, {}, (response) => (response.shouldKeepAlive = false));
    expect([ending.byNode, ending.head]).toEqual([true, expect.stringContaining('Connection: close')]);
    expect(written(upstream(usual), true).byNode).toBe(false);
  });

  it('leaves it to a Node that keeps heads elsewhere', () => {
    const looked = written(upstream([...DATE]), true, {}, (response) => {
      Object.defineProperty(response, '_header', { value: undefined, writable: true });
    });
    expect(looked.byNode).toBe(true);
  });
});

describe('the head of a stored answer', () => {
  it('is made of the text that was kept, with what is new each time', () => {
    const memo: FieldMemo = {};
    const headers = [...DATE, 'content-length', '2'];
    const first = written(stored(headers, memo), true, { cacheStatus: 'hit; ttl=9', id: 'id-1' });
    const kept = memo.fieldText;
    const second = written(stored(headers, memo), true, { cacheStatus: 'hit; ttl=8', id: 'id-2' });
    expect(memo.fieldText).toBe(kept);
    expect(kept?.text).toBe('date: Tue, 01 Jan 2030 00:00:00 GMT\r\ncontent-length: 2\r\n');
    expect(second.head).toBe(first.head.replace('ttl=9', 'ttl=8').replace('id-1', 'id-2'));
    expect(first.head).toContain('\r\nage: 7\r\n');
  });

  it('is made anew where a layer has put other fields in their place', () => {
    const memo: FieldMemo = {};
    const answer = stored([...DATE, 'content-length', '2'], memo);
    written(answer, true);
    expect(written({ ...answer, headers: [...answer.headers, 'x-layer', '1'] }, true).head).toContain('x-layer: 1');
  });

  it('is Node’s each time where the fields are not ordinary', () => {
    const memo: FieldMemo = {};
    const headers = [...DATE, 'content-length', '2', 'x-name', 'caf\u00e9'];
    expect([written(stored(headers, memo), true).byNode, written(stored(headers, memo), true).byNode]).toEqual([true, true]);
    expect(written(stored(headers, memo), true).head).toMatch(/\r\nage: 7\r\n/);
  });
});
