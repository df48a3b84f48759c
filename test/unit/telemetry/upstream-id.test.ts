import { describe, expect, it } from 'vitest';
import { failed } from '../policy/fixtures.ts';
import { attempt, ended, listening } from './fixtures.ts';

/** The ids with which the attempts of an exchange stand in the journal. */
function shown(...attempts: Parameters<typeof attempt>[0][]): (string | undefined)[] {
  const { telemetry } = listening();
  telemetry.exchangeEnded(ended({ attempts: attempts.map(attempt) }), 1);
  return telemetry.journal.list({ limit: 1 }).flatMap((one) => one.attempts.map(({ upstreamId }) => upstreamId));
}

describe("an upstream's own id of an answer", () => {
  const idFields = ['sb-request-id', 'cf-ray'];

  it('is the first of the fields that is there, with each attempt that was answered', () => {
    const both = ['cf-ray', '8f0c0ffee-WAW', 'sb-request-id', '0197f-4'];
    expect(shown({ headers: both, idFields }, { headers: both.slice(0, 2), idFields }, { headers: [], idFields }, { status: undefined })).toEqual([
      '0197f-4',
      '8f0c0ffee-WAW',
      undefined,
      undefined,
    ]);
  });

  it('stands with an attempt that broke off, too', () => {
    expect(shown({ headers: ['cf-ray', '8f'], idFields, failure: failed({ phase: 'body', replay: 'cut' }) })).toEqual(['8f']);
  });

  it('is what the body told where no field has it', () => {
    const verdict = failed({ kind: 'status', upstreamId: 'Az8or2yh' });
    expect(shown({ verdict, headers: [], idFields }, { verdict, headers: ['cf-ray', '8f'], idFields })).toEqual(['Az8or2yh', '8f']);
  });

  it.each(['', 'two words', 'x'.repeat(129), 'a\tb', 'ø'])('is not what cannot be one: %j', (value) => {
    expect(shown({ headers: ['sb-request-id', value, 'cf-ray', '8f'], idFields })).toEqual(['8f']);
  });

  it('is looked for where the configuration says so alone', () => {
    expect(shown({ headers: ['cf-ray', '8f'] })).toEqual([undefined]);
  });
});
