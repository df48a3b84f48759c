import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened as listening, portOf } from '../../support/servers.ts';

/** Where Debian's package puts it; `CHROMIUM` says another place. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const XSS = '<img src=x onerror="document.body.id=String(1)">';

/** For what the page is to show: several of its questions. */
const PATIENCE_MS = 15_000;

/** Adds up the page's layout shifts from now on. */
const OBSERVE_SHIFTS = `window.shifted = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shifted += entry.value))).observe({ type: 'layout-shift' });`;

/** An upstream that answers, and below `/x` with what is no HTTP and what a page must not take for HTML. */
const origin: Server = createServer(({ url }, response) => {
  if (url?.startsWith('/x') === true) response.socket?.end(`HTTP/1.1 200 OK\r\n${XSS}\r\n\r\n`);
  else response.end('{}');
});

let browser: Browser;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no Chromium at ${CHROMIUM}: install Debian's package \`chromium\`, or name one in CHROMIUM`);
  await listening(origin);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  await closed(origin);
});

function yaml(more = ''): string {
  return `version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api:
    origin: "http://127.0.0.1:${portOf(origin)}"
    breaker: { consecutive: 3, openFor: 60s }
    retry: { attempts: 2, backoff: { base: 1ms, max: 1ms } }
  idle: { origin: "http://127.0.0.1:9" }
${more}`;
}

/** The page of an app, with what its console said that is no lost connection, and what shifted while nobody touched it. */
async function openPage(app: RunningBreakwater, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(PATIENCE_MS);
  const said: string[] = [];
  page.on('console', (message) => {
    if (!message.text().includes('ERR_CONNECTION_REFUSED')) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(app.adminUrl) && !request.url().startsWith('data:')) said.push(`asked ${request.url()}`);
  });
  await page.goto(`${app.adminUrl}/`);
  await page.locator('#dependency-api').waitFor();
  return { page, said, [Symbol.asyncDispose]: () => page.close() };
}

/** The text of a part of the page once it has all of these in it; by the page's own waiting, since tests that run at once cannot poll. */
async function shows(page: Page, selector: string, ...parts: readonly string[]): Promise<string> {
  const all = parts.reduce((locator, part) => locator.filter({ hasText: part }), page.locator(selector));
  await all.waitFor();
  return all.innerText();
}

/** Asks through the proxy, and reads the answer or not, as it is. */
async function ask(app: RunningBreakwater, path: string): Promise<number> {
  const response = await fetch(`${app.proxyUrl}/api${path}`);
  await response.arrayBuffer();
  return response.status;
}

// each with an app of its own; they wait for the page's next question most of the time
describe.concurrent('the dashboard in a browser', () => {
  it('shows what is failing, in which phase and on what evidence; texts from outside stay texts', async () => {
    await using app = await RunningBreakwater.start(yaml());
    for (const path of ['/a', '/b', '/c']) await ask(app, path);
    await using opened = await openPage(app);
    const { page, said } = opened;
    expect(await shows(page, '#overview-title', 'OK')).toContain('All 2 dependencies are well');
    await shows(page, '#dependency-api', '0 of 3 attempts', '95 %: 0 % to 56 %');

    for (let i = 0; i < 3; i++) await ask(app, `/x?q=${encodeURIComponent(XSS)}`);
    const card = await shows(page, '#dependency-api', 'Down', 'open', 'next try in', 'in phase headers', '3 of 6 attempts', '95 %: 19 % to 81 %');
    expect(card).toContain('http_protocol_error');
    await shows(page, '#routes', 'api · default', '6', '50 %');
    expect(await page.title()).toBe('! Degraded – Breakwater');

    app.configure(yaml('nonsense: 1\n'));
    await shows(page, '#reload', 'was refused', 'nonsense: unknown key');

    await page.getByLabel('failed only').check();
    await page.locator('.exchange').nth(3).waitFor({ state: 'detached' });
    expect(await page.locator('.exchange').count()).toBe(3);
    await page.locator('.exchange').last().focus();
    await page.keyboard.press('Enter');
    await shows(page, '.detail-box', 'Attempt 1: ', 'Attempt 2: ', 'in phase headers', '%3Cimg');
    expect(await page.locator('body').getAttribute('id')).toBeNull();
    expect(await page.locator('img').count()).toBe(0);
    expect(said).toEqual([]);
  });

  it('puts no text on the page as HTML, whatever the API says', async () => {
    await using app = await RunningBreakwater.start(yaml());
    await ask(app, '/a');
    await using page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    const poisoned = (value: unknown): unknown => {
      if (typeof value === 'string' && !/^(ok|ready|closed|\d{4}-.*Z)$/.test(value)) return `${value}${XSS}`;
      if (Array.isArray(value)) return value.map(poisoned);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [['api', 'default'].includes(key) ? `${key}${XSS}` : key, poisoned(one)]));
    };
    await page.route('**/api/*', async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as object;
      const lastError = { code: 'c', phase: 'p', kind: 'k', detail: 'd', authority: 'a', route: 'r', at: new Date().toISOString() };
      const warnings = [{ upstream: 'u', route: 'r', policy: 'p', text: 't' }];
      const config = { lastReloadOk: false, file: 'f', loadedAt: null, problems: ['p'] };
      const json = 'dependencies' in body ? { ...body, warnings, config, dependencies: withError(body.dependencies, lastError) } : body;
      await route.fulfill({ response, json: poisoned(json) });
    });
    await page.goto(`${app.adminUrl}/`);
    await page.locator('.exchange').click();
    await page.locator('.detail-box').waitFor();
    expect(await page.locator('body').innerText()).toContain(`d${XSS}`);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('body').getAttribute('id')).toBeNull();
    expect(said).toEqual([]);
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('holds a breaker open after a question, and releases it', async () => {
    await using app = await RunningBreakwater.start(yaml());
    await ask(app, '/a');
    await using opened = await openPage(app);
    const { page, said } = opened;
    await page.getByRole('button', { name: /^Hold open the breaker default of api/ }).click();
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await ask(app, '/a')).toBe(200);
    await page.getByRole('button', { name: /^Hold open the breaker default of api/ }).click();
    // what has the focus does nothing
    await shows(page, 'dialog button:focus', 'Cancel');
    await page.locator('dialog').getByRole('button', { name: 'Hold open' }).click();
    await shows(page, '#dependency-api', 'held open by hand', 'Down');
    expect(await ask(app, '/a')).toBe(503);
    await page.getByRole('button', { name: /^Release the breaker default of api/ }).click();
    await page.locator('dialog').getByRole('button', { name: 'Release' }).click();
    await shows(page, '#dependency-api', '✓ closed');
    expect(await ask(app, '/a')).toBe(200);
    expect(said).toEqual([]);
  });

  it('asks nothing while nobody looks, and at once when somebody does', async () => {
    await using app = await RunningBreakwater.start(yaml());
    await using page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    let asked = 0;
    page.on('request', (request) => (asked += request.url().endsWith('/api/status') ? 1 : 0));
    const answered = () => page.waitForResponse(/api\/exchanges\?limit=50/);
    const turn = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }), document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await page.clock.install();
    await Promise.all([answered(), page.goto(`${app.adminUrl}/`)]);
    await page.locator('#dependency-api').waitFor();
    await Promise.all([answered(), page.clock.runFor(2100)]);
    await turn(true);
    const before = asked;
    await page.clock.runFor(60_000);
    expect(asked).toBe(before);
    await Promise.all([answered(), turn(false)]);
    expect(asked).toBe(before + 1);
  });

  it('says that Breakwater cannot be reached, keeps what it knew and says how old it is; fits a phone, and nothing moves by itself', async () => {
    await using app = await RunningBreakwater.start(yaml());
    await ask(app, '/a');
    await using opened = await openPage(app, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    const { page } = opened;
    await shows(page, '#live', 'Live');
    await page.evaluate(OBSERVE_SHIFTS);
    app.signal('SIGKILL');
    await app.exited;
    await shows(page, '#live', 'cannot be reached', 'no connection', 'All below is');
    expect(await page.locator('main').getAttribute('class')).toBe('stale');
    expect(await page.locator('#dependency-api').innerText()).toContain('0 of 1 attempts');
    expect(await page.getByRole('button', { name: /^Hold open/ }).isDisabled()).toBe(true);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.evaluate('shifted')).toBeLessThan(0.01);
    await page.route('**/api/status', (route) => route.fulfill({ status: 503, json: { detail: 'not now' } }));
    await shows(page, '#live', 'it answered 503: not now');
  });
});

function withError(dependencies: unknown, lastError: object): object {
  return Object.fromEntries(Object.entries(dependencies as object).map(([name, one]) => [name, { ...(one as object), lastError }]));
}
