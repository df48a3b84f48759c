import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventScanner } from '../../../src/policy/sse.ts';

/** Events of a stream that comes in pieces cut at the given places. */
function scan(text: string, cuts: readonly number[] = []): (string | undefined)[] {
  const bytes = Buffer.from(text);
  const events: (string | undefined)[] = [];
  const scanner = new EventScanner((data) => events.push(data));
  let at = 0;
  for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    if (cut > at) scanner.push(bytes.subarray(at, cut));
    at = Math.max(at, cut);
  }
  scanner.end();
  return events;
}

describe('events in a stream', () => {
  it.each([
    ['one event', 'data: a\n\n', ['a']],
    ['line ends of Google', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['line ends of old', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['no space', 'data:a\n\n', ['a']],
    ['many lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['comments and other fields', ': ping\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n', ['a']],
    ['an end without a blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['a bare JSON error', '{"error":{"code":503}}\n\n', ['{"error":{"code":503}}']],
    ['a bare JSON error over lines, at the end', '{"error":\n{"code":503}}', ['{"error":\n{"code":503}}']],
    ['nothing', '', []],
    ['blank lines', '\n\n\r\n', []],
  ])('%s', (_what, text, events) => {
    expect(scan(text)).toEqual(events);
  });

  it('are the same wherever the chunks are cut', () => {
    const event = fc.array(fc.string({ unit: fc.constantFrom('a', 'ż', '€', '𝄞', ':', '{'), maxLength: 8 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(), { maxLength: 12 }),
        (events, end, cuts) => {
          const text = events.map((lines) => lines.map((line) => `data: ${line}${end}`).join('') + end).join('');
          expect(scan(text, cuts)).toEqual(events.map((lines) => lines.join('\n')));
        },
      ),
    );
  });

  it('that are too large are told without their data, and the next one is whole', () => {
    const events: (string | undefined)[] = [];
    const scanner = new EventScanner((data) => events.push(data));
    scanner.push(Buffer.from('data: '));
    for (let i = 0; i < 20; i++) scanner.push(Buffer.alloc(100_000, 'x'));
    scanner.push(Buffer.from('\n\ndata: b\n\n'));
    expect(events).toEqual([undefined, 'b']);
  });
});
