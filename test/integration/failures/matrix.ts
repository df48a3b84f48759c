import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWERS, type Trouble, wireTroubles } from './faults.ts';
import type { Case, Cell } from './model.ts';
import { answerNames } from './names.ts';
import { Rig } from './rig.ts';
import { ROUTES, type UpstreamName } from './routes.ts';
import { run } from './run.ts';

/** Cases that run beside each other, each with a product of its own. */
const AT_ONCE = 5;
/** What comes of a body before it breaks: part of a first event, and of any other body. */
const SOME_BYTES = 7;

/** Every route with every fault, healing on the second attempt, the third, or never; and one that meets no fault. */
function cellsOf(upstream: UpstreamName): Cell[] {
  return ROUTES[upstream].flatMap((route) => [
    { route, trouble: undefined, healsAt: 1 },
    // a download that never gets a byte further ends; one that does goes on for as long as it has to
    ...[2, 3].flatMap((healsAt) => wireTroubles(SOME_BYTES).map((trouble) => ({ route, trouble, healsAt }))),
    ...wireTroubles(0).map((trouble) => ({ route, trouble, healsAt: Infinity })),
    ...ANSWERS[upstream].map((trouble) => ({ route, trouble, healsAt: 2 })),
    // what is never sent again has shown so by then, although it would have been well
    ...ANSWERS[upstream].filter(isSentAgain).map((trouble) => ({ route, trouble, healsAt: Infinity })),
  ]);
}

function isSentAgain({ replay, tooLong }: Trouble): boolean {
  return replay !== 'answered' && tooLong === undefined;
}

function casesOf(upstream: UpstreamName): Case[] {
  const first = Object.keys(ROUTES).indexOf(upstream) + 1;
  // those with the same limits one after the other, since each change of a limit is another configuration
  const cells = cellsOf(upstream).toSorted((a, b) => (a.trouble?.limit ?? '').localeCompare(b.trouble?.limit ?? ''));
  return cells.map((cell, index) => ({
    ...cell,
    id: String(first * 100_000_000 + index),
    way: cell.route.byConnect === true || index % 2 === 0 ? 'connect' : 'prefix',
  }));
}

function nameOf({ route, trouble, healsAt, way }: Case): string {
  const well = healsAt === Infinity ? 'never well' : `well at ${healsAt}`;
  return `${route.label} (${route.method}, by ${way}): ${trouble?.name ?? 'no fault'}, ${well}`;
}

/** The part of the matrix that belongs to one upstream, as tests: each cell one. */
export function matrix(upstream: UpstreamName): void {
  const cases = casesOf(upstream);
  const results = new Map<Case, Promise<void>>();
  const rigs: Rig[] = [];
  let names: Disposable | undefined;

  /** Begins all, a few beside each other; each test waits for its own. */
  function begin(): void {
    const lanes = rigs.map((rig) => ({ rig, free: Promise.resolve() }));
    for (const [index, one] of cases.entries()) {
      const lane = lanes[index % lanes.length];
      if (lane === undefined) continue;
      const done = lane.free.then(() => run(lane.rig, one));
      results.set(one, done);
      lane.free = done.catch(() => undefined);
    }
  }

  beforeAll(async () => {
    names = answerNames();
    rigs.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => Rig.start(upstream)))));
    begin();
  });
  afterAll(async () => {
    await Promise.allSettled(results.values());
    await Promise.all(rigs.map((rig) => rig[Symbol.asyncDispose]()));
    names?.[Symbol.dispose]();
  });

  describe(`the failure table, ${upstream}`, () => {
    it.each(cases.map((one) => [nameOf(one), one] as const))('%s', async (_name, one) => {
      const done = results.get(one);
      expect(done).toBeDefined();
      await done;
    });

    it('is told by /metrics to the last request', async () => {
      await Promise.allSettled(results.values());
      const totals = await Promise.all(rigs.map(({ app }) => totalOf(`${app.adminUrl}/metrics`, 'breakwater_requests_total{')));
      expect(totals.reduce((sum, total) => sum + total, 0)).toBe(cases.length);
    });
  });
}

async function totalOf(url: string, series: string): Promise<number> {
  const lines = (await (await fetch(url)).text()).split('\n').filter((line) => line.startsWith(series));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
