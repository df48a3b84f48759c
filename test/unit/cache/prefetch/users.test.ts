import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeaderList, headerValue } from '../../../../src/model/headers.ts';
import { exchangeOf } from '../../policy/fixtures.ts';
import { ok, read } from '../fixtures.ts';
import { json, settled, Stage } from './fixtures.ts';

const USERS = 50;

/** What one user does next: reads a message and then its conversation, or, one in ten times, writes. */
const step = fc.record({ user: fc.nat(USERS - 1), id: fc.nat(3), writes: fc.nat(9).map((n) => n === 0), lateBy: fc.nat(6) });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Row {
  readonly conversation_id: number;
  readonly owner: string;
  readonly version: number;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Users of one upstream, whose rows say for whom they were read, and after how many writes. */
class Users {
  given = 0;
  #version = 1;
  #acknowledged = 1;
  #requests = 0;
  readonly #stage = new Stage({ prefetch: {} }, async ({ method, path, headers }) => {
    const owner = ownerOf(headers);
    const takes = this.#requests++ % 5;
    await turns(takes);
    const version = method === 'GET' ? this.#version : ++this.#version;
    await turns(takes);
    return method === 'GET' ? json([{ conversation_id: Number(path.split('eq.')[1]) + 100, owner, version }]) : ok(String(version));
  });

  async live({ user, id, writes, lateBy }: Step): Promise<void> {
    await turns(lateBy);
    if (writes) return this.#write(user);
    const message = await this.#read(user, `/messages?id=eq.${id}`);
    await turns(lateBy);
    await this.#read(user, `/conversations?id=eq.${message.conversation_id}`);
  }

  async #read(user: number, path: string): Promise<Row> {
    const least = this.#acknowledged;
    const exchange = exchangeOf({ path, headers: ['authorization', `user ${user}`] });
    const answered = await read(await this.#stage.send(exchange), exchange);
    const [row] = JSON.parse(answered.body) as [Row];
    if (answered.said !== '') this.given++;
    if (row.owner !== `user ${user}` || row.version < least)
      throw new Error(`user ${user} got the row of ${row.owner}, version ${row.version}, after version ${least}`);
    return row;
  }

  async #write(user: number): Promise<void> {
    const exchange = exchangeOf({ method: 'PATCH', path: '/messages', headers: ['authorization', `user ${user}`] });
    const answered = await read(await this.#stage.send(exchange), exchange);
    this.#acknowledged = Math.max(this.#acknowledged, Number(answered.body));
  }
}

function ownerOf(headers: HeaderList): string {
  return headerValue(headers, 'authorization') ?? '';
}

describe('50 users who ask for the same rows at once', () => {
  it('each get their own, and none from before a write that had ended when they asked', async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 120 }), async (steps) => {
        const users = new Users();
        for (let at = 0; at < steps.length; at += 4) await Promise.all(steps.slice(at, at + 4).map((one) => users.live(one)));
        await settled();
        given += users.given;
      }),
      { numRuns: 50 },
    );
    expect(given).toBeGreaterThan(50);
  }, 60_000);
});
