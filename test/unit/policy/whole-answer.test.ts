import { describe, expect, it } from 'vitest';
import { readWhole } from '../../../src/policy/whole-answer.ts';
import { ScriptedBody, streaming } from './scripted-body.ts';

describe('an answer that is read whole', () => {
  it.each([
    [false, 'is kept', '{}'],
    [true, 'is not kept where its end may be a cut (RFC 9112 section 9.8), and passes all the same', undefined],
  ])('(%s) %s', async (openEnded, _what, kept) => {
    const { outcome, recorded } = await readWhole({ ...streaming(200, [], new ScriptedBody().push('{}').end()), openEnded }, 100);
    expect(outcome).toMatchObject({ type: 'reply', status: 200 });
    expect(recorded?.bytes.toString()).toBe(kept);
  });
});
