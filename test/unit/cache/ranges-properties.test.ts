import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import { exchangeOf } from '../policy/fixtures.ts';
import { type Answered, text } from './fixtures.ts';
import { type FileOrigin, LETTERS, setUpRanges } from './range-origin.ts';

describe('an origin and its cache', () => {
  const range = fc.tuple(fc.nat(25), fc.nat(30)).map(([first, length]) => `bytes=${first}-${first + length}`);
  const suffix = fc.integer({ min: 1, max: 26 }).map((length) => `bytes=-${length}`);
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.oneof(
        range,
        suffix,
        fc.nat(25).map((first) => `bytes=${first}-`),
      ),
    },
    { weight: 2, arbitrary: fc.constant('whole') },
    { weight: 1, arbitrary: fc.constant('later') },
    { weight: 1, arbitrary: fc.constant('change') },
  );
  const runs = fc.tuple(fc.array(step, { maxLength: 25 }), fc.constantFrom(8, 12, 1000));

  /** Takes steps; a change is seen at once where `staleAfterChange`. False where an answer was not what `isRight` says. */
  async function take(
    [steps, maxEntry]: readonly [readonly string[], number],
    staleAfterChange: boolean,
    isRight: (headers: string[], got: Answered, origin: FileOrigin) => Promise<boolean>,
  ): Promise<boolean> {
    const { origin, bench } = setUpRanges({ maxEntry });
    let version = 1;
    for (const one of steps) {
      if (one === 'change') {
        version++;
        Object.assign(origin, { content: version % 2 === 0 ? LETTERS.toUpperCase() : LETTERS, tag: `"v${version}"` });
      }
      if (one === 'later' || (one === 'change' && staleAfterChange)) bench.clock.advance(61_000);
      if (one === 'later' || one === 'change') continue;
      const headers = one === 'whole' ? [] : ['range', one];
      if (!(await isRight(headers, await bench.get({ headers }), origin))) return false;
    }
    return true;
  }

  it('give the same bytes for any ranges, over changes of the file', async () => {
    const isTheSame = async (headers: string[], got: Answered, origin: FileOrigin): Promise<boolean> => {
      const expected = origin.answerTo(exchangeOf({ headers }));
      if (expected.type !== 'reply') return false;
      // the new whole in the place of an old one is an answer too (RFC 9110 section 14.2)
      if (got.status === 200 && got.body === origin.content) return true;
      const sameRange = got.header('content-range') === headerValue(expected.headers, 'content-range');
      return sameRange && got.status === expected.status && got.body === (await text(expected.body));
    };
    const same = fc.asyncProperty(runs, (run) => take(run, true, isTheSame));
    await expect(fc.assert(same, { numRuns: 500 })).resolves.toBeUndefined();
  });

  it('never mix two versions of the file, however old what they give may be', async () => {
    const isOfOne = (_headers: string[], got: Answered): Promise<boolean> => {
      const place = /^bytes (\d+)-(\d+)\/26$/.exec(got.header('content-range') ?? 'bytes 0-25/26');
      const bytes = LETTERS.slice(Number(place?.[1]), Number(place?.[2]) + 1);
      return Promise.resolve(got.status === 416 || got.body === bytes || got.body === bytes.toUpperCase());
    };
    const unmixed = fc.asyncProperty(runs, (run) => take(run, false, isOfOne));
    await expect(fc.assert(unmixed, { numRuns: 500 })).resolves.toBeUndefined();
  });
});
