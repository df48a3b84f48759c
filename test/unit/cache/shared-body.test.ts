import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BodyEnd, SharedBody } from '../../../src/cache/coalesce/shared-body.ts';
import { Spool } from '../../../src/cache/coalesce/spool.ts';
import type { BodySource } from '../../../src/model/body.ts';
import { failed } from '../policy/fixtures.ts';
import { HandBody, text } from './fixtures.ts';

function share(limit = 100, spool = new Spool(1000), keeper = false, length?: number) {
  const source = new HandBody();
  const ends: BodyEnd[] = [];
  const body = new SharedBody(source, { limit, length, spool, keeper }, (end) => ends.push(end));
  return { source, body, ends, spool };
}

describe('a shared body', () => {
  it('gives back the room that it took, however it ends', async () => {
    const { source, body, ends, spool } = share();
    body.start();
    const reader = body.reader();
    source.push('12345');
    expect(spool.bytes).toBe(5);
    const all = text(reader);
    source.end();
    expect(await all).toBe('12345');
    expect([spool.bytes, ends.length]).toEqual([0, 1]);

    const broken = share(100, spool);
    broken.body.start();
    const cut = text(broken.body.reader());
    broken.source.push('12');
    broken.source.break(failed());
    expect(await cut).toBe('12 (cut)');
    const given = share(100, spool);
    given.body.start();
    const one = given.body.reader();
    given.source.push('12');
    one.abort();
    expect([spool.bytes, given.source.aborted, given.ends]).toEqual([0, true, [{ how: 'left' }]]);
  });

  it('is passed on and not kept when there is no room', async () => {
    const { source, body, ends } = share(100, new Spool(8));
    body.start();
    const all = text(body.reader());
    source.push('12345');
    source.push('67890');
    expect(body.open).toBe(false);
    source.push('x');
    source.end();
    expect(await all).toBe('1234567890x');
    expect(ends).toEqual([{ how: 'complete', bytes: undefined }]);
  });

  it('is not cut off for who is the only one to read it, however much of it comes before that', async () => {
    const { source, body } = share(8);
    const reader = body.reader();
    body.start();
    source.push('0123456789abcdefghij');
    expect(source.paused).toBe(true);
    const all = text(reader);
    expect(source.paused).toBe(false);
    source.end();
    expect(await all).toBe('0123456789abcdefghij');
  });

  it.each([
    ['as it said', 10],
    ['without saying', undefined],
    ['although it said less', 7],
    ['although it said more', 12],
    ['although it said more than is kept', 1000],
  ])('is whole for the store and for all readers, in pieces %s', async (_what, length) => {
    const { source, body, ends } = share(100, new Spool(1000), false, length);
    const [slow, fast] = [body.reader(), body.reader()];
    body.start();
    const quick = text(fast);
    const chunk = Buffer.from('0123');
    source.push(chunk.toString());
    const late = body.reader();
    for (const more of ['45', '6789']) source.push(more);
    source.end();
    expect(await Promise.all([quick, text(slow), text(late)])).toEqual(['0123456789', '0123456789', '0123456789']);
    const [end] = ends;
    expect(end?.how === 'complete' && Buffer.from(end.bytes ?? []).toString()).toBe('0123456789');
    expect(end?.how === 'complete' && end.bytes?.buffer.byteLength).toBe(10);
  });

  it('is let go when it grows too large and nobody reads it', () => {
    const { source, body, ends } = share(8, new Spool(1000), true);
    body.start();
    source.push('12345');
    expect(source.aborted).toBe(false);
    source.push('67890');
    expect([source.aborted, ends]).toEqual([true, [{ how: 'left' }]]);
  });

  it('gives every reader every byte in order, whatever their pauses', async () => {
    const step = fc.record({ act: fc.constantFrom('push', 'join', 'pause', 'resume', 'leave'), who: fc.nat(5) });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { source, body } = share(10_000, new Spool(10_000), true);
      body.start();
      let sent = '';
      const readers: { source: BodySource; got: string; ended: boolean; left: boolean }[] = [];
      for (const { act, who } of steps) {
        const chosen = readers[who];
        if (act === 'push') {
          const chunk = `<${sent.length}>`;
          sent += chunk;
          source.push(chunk);
        } else if (act === 'join') {
          const reader = { source: body.reader(), got: '', ended: false, left: false };
          readers.push(reader);
          reader.source.start({
            onData: (chunk) => {
              reader.got += Buffer.from(chunk).toString();
              return reader.got.length % 3 !== 0;
            },
            onEnd: () => {
              reader.ended = true;
            },
            onError: () => undefined,
          });
        } else if (act === 'pause') chosen?.source.pause();
        else if (act === 'resume') chosen?.source.resume();
        else if (chosen !== undefined) {
          chosen.left = true;
          chosen.source.abort();
        }
      }
      source.end();
      for (const reader of readers) for (let i = 0; i < 100 && !reader.ended; i++) reader.source.resume();
      await Promise.resolve();
      return readers.every((reader) => (reader.left ? sent.startsWith(reader.got) : reader.ended && reader.got === sent));
    });
    await expect(fc.assert(property)).resolves.toBeUndefined();
  });
});
