import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakwater, RunningBreakwater } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { intercepted } from '../../support/connect.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** An upstream that answers with its path, except where it waits for the test. */
const waiting: ServerResponse[] = [];
let arrived: () => void = () => undefined;
const origin: Server = createServer((request: IncomingMessage, response) => {
  if (request.url !== '/wait') return response.end(request.url);
  waiting.push(response);
  arrived();
  return undefined;
});

function yaml(more = ''): string {
  return `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: { origin: "http://127.0.0.1:${portOf(origin)}" }\n${more}`;
}

/** The status of an upstream's health, as /health tells it. */
async function health(
  app: RunningBreakwater,
): Promise<{ config: { lastReloadOk: boolean; problems: string[] }; dependencies: Record<string, unknown> }> {
  return (await (await fetch(`${app.adminUrl}/health`)).json()) as never;
}

describe('a running process', () => {
  beforeAll(() => opened(origin));
  afterAll(() => closed(origin));

  it('finishes what runs on SIGTERM, takes nothing new, and ends with 0', async () => {
    await using app = await RunningBreakwater.start(yaml());
    const came = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answer = fetch(`${app.proxyUrl}/api/wait`).then((response) => response.text());
    await came;
    app.signal('SIGTERM');
    await app.said((line) => line['msg'] === 'draining');
    expect((await fetch(`${app.adminUrl}/health/ready`)).status).toBe(503);
    expect((await fetch(`${app.adminUrl}/health/live`)).status).toBe(200);
    await expect(refused(app.proxyUrl)).resolves.toBe('ECONNREFUSED');
    waiting.shift()?.end('done');
    expect(await answer).toBe('done');
    expect(await app.exited).toBe(0);
    expect(app.log.at(-1)).toMatchObject({ msg: 'stopped', clean: true });
  });

  it('warns of injected faults while they are at work, and not of those of a refused configuration', async () => {
    await using app = await RunningBreakwater.start(yaml());
    const faulty = (more: string): string => yaml().replace('" }', `", faults: [{ abort: 503, percent: 0 }]${more} }`);
    const warnings = async (): Promise<unknown> => ((await (await fetch(`${app.adminUrl}/health`)).json()) as { warnings: unknown }).warnings;
    app.configure(faulty(`, listen: { port: ${portOf(origin)} }`));
    await app.said((line) => line['msg'] === 'configuration refused: the one before it stays');
    expect([await warnings(), app.log.filter(({ policy }) => policy === 'faults')]).toEqual([[], []]);
    app.configure(faulty(''));
    await app.said(({ policy }) => policy === 'faults');
    expect(await warnings()).toMatchObject([{ upstream: 'api', route: 'default', policy: 'faults' }]);
    app.configure(yaml().replace('api:', 'other:'));
    await expect.poll(async () => (await fetch(`${app.proxyUrl}/api/`)).status, { timeout: 10_000 }).toBe(404);
    expect(await warnings()).toEqual([]);
  });

  it('warns of a key that others can read', async () => {
    await using app = await RunningBreakwater.start(yaml());
    const key = join(dirname(app.file), 'ca', 'ca-key.pem');
    await expect.poll(() => existsSync(join(dirname(key), 'ca-bundle.pem'))).toBe(true);
    chmodSync(key, 0o644);
    await using again = await RunningBreakwater.start(yaml(`intercept: { ca: "${dirname(key)}" }\n`));
    const line = await again.said(({ msg }) => msg === 'the key of the certificate authority is not private');
    expect(line['reason']).toContain(`${key} has mode 0644`);
    const { stderr, stdout } = await breakwater(['env', '-c', app.file]);
    expect(stderr).toContain(`chmod 600 ${key}`);
    expect(stdout).not.toContain('chmod');
  });

  it('lets a send come to its end whose client has left', async () => {
    await using app = await RunningBreakwater.start(yaml().replace('" }', '", resend: {} }'));
    const came = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const client = new AbortController();
    const gone = fetch(`${app.proxyUrl}/api/wait`, { method: 'POST', body: '{}', signal: client.signal }).catch(() => 'gone');
    await came;
    client.abort();
    expect(await gone).toBe('gone');
    app.signal('SIGTERM');
    await app.said((line) => line['msg'] === 'draining');
    expect((await fetch(`${app.adminUrl}/health/ready`)).status).toBe(503);
    const send = waiting.shift();
    const ended = new Promise<boolean>((resolve) => send?.on('close', () => resolve(send.writableFinished)));
    send?.end('done');
    expect(await ended).toBe(true);
    expect(await app.exited).toBe(0);
    expect(app.log.at(-1)).toMatchObject({ msg: 'stopped', clean: true });
  });

  it.each([
    ['alone', ''],
    ['with workers', 'workers: 2\n'],
  ])('says in the log, without secrets, why it dies of a fault that nothing caught, %s', async (_name, more) => {
    const fault = `process.once('SIGUSR2', () => { throw new Error('at https://x/?access_token=abc'); })`;
    await using app = await RunningBreakwater.start(yaml(more), { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}` });
    app.signal('SIGUSR2');
    const line = await app.said(({ msg }) => msg === 'a fault that nothing caught: the process ends');
    expect(line).toMatchObject({
      level: 'error',
      error: 'at https://x/?access_token=[redacted]',
      stack: expect.stringContaining('Error: at') as string,
    });
    expect(await app.exited).toBe(1);
    expect(app.stderr).not.toContain('access_token=abc');
  });

  it('cuts what has not finished when the drain is over', async () => {
    await using app = await RunningBreakwater.start(yaml('drain: 50ms\n'));
    const came = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answer = fetch(`${app.proxyUrl}/api/wait`).then(
      () => 'answered',
      () => 'broken off',
    );
    await came;
    app.signal('SIGTERM');
    expect(await answer).toBe('broken off');
    expect(await app.exited).toBe(0);
    waiting.shift()?.destroy();
  });

  it('takes up a changed file, and refuses a bad one with the reason in /health', async () => {
    await using app = await RunningBreakwater.start(yaml());
    expect((await fetch(`${app.proxyUrl}/other/x`)).status).toBe(404);
    app.configure(yaml(`  other: { origin: "http://localhost:${portOf(origin)}" }\n`));
    await app.said((line) => line['msg'] === 'configuration reloaded');
    expect(await (await fetch(`${app.proxyUrl}/other/x`)).text()).toBe('/x');
    app.configure(yaml('nonsense: true\n'));
    await app.said((line) => line['msg'] === 'configuration refused: the one before it stays');
    const { config } = await health(app);
    expect(config.lastReloadOk).toBe(false);
    expect(config.problems.join('\n')).toContain('nonsense');
    expect(await (await fetch(`${app.proxyUrl}/other/x`)).text()).toBe('/x');
    const metrics = await (await fetch(`${app.adminUrl}/metrics`)).text();
    expect(metrics).toContain('breakwater_config_last_reload_successful 0');
  });

  it('reloads on SIGHUP and keeps the breakers of an upstream that did not change', async () => {
    const dead = `  dead: { origin: "http://127.0.0.1:9", breaker: { consecutive: 1 } }\n`;
    await using app = await RunningBreakwater.start(yaml(dead));
    expect((await fetch(`${app.proxyUrl}/dead/`)).status).toBe(502);
    expect((await fetch(`${app.proxyUrl}/dead/`)).status).toBe(503);
    app.configure(yaml(`${dead}passthrough: [example.org]\n`));
    app.signal('SIGHUP');
    await app.said((line) => line['msg'] === 'configuration reloaded');
    const answer = await fetch(`${app.proxyUrl}/dead/`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  it.each([1, 2])('keeps what is read at the start alone through a reload, with %i workers', async (workers) => {
    const hosts = `  host: { origin: "https://api.example", resolve: "127.0.0.1:1" }\n`;
    const written = (ca: string): string => yaml(`${hosts}workers: ${workers}\nintercept: { ca: "./${ca}" }\n`);
    await using app = await RunningBreakwater.start(written('first'));
    app.configure(written('second'));
    app.signal('SIGHUP');
    expect(await app.said((line) => line['msg'] === 'these settings take effect after a restart')).toMatchObject({ changed: ['intercept'] });
    await app.said((line) => line['msg'] === 'configuration reloaded');
    const first = join(dirname(app.file), 'first', 'ca.pem');
    await expect.poll(() => existsSync(first)).toBe(true);
    const { secure } = await intercepted('api.example', Number(new URL(app.proxyUrl).port), readFileSync(first, 'utf8'));
    expect(secure.authorized).toBe(true);
    secure.destroy();
    const shown = (await (await fetch(`${app.adminUrl}/api/config`)).json()) as { config: { intercept: { ca: string } } };
    expect(shown.config.intercept.ca).toBe(dirname(first));
  });

  it.each([
    ['a preset', 'preset: ./own.yaml', 'own.yaml', () => `origin: "http://localhost:${portOf(origin)}"\n`],
    ['a CA file', 'origin: "https://api.example", tls: { ca: ./root.pem }', 'root.pem', (ca: string) => readFileSync(join(ca, 'ca.pem'), 'utf8')],
  ])('takes up a configuration that was refused for %s that is missing as soon as it is there', async (_, settings, file, text) => {
    await using app = await RunningBreakwater.start(yaml());
    const directory = dirname(app.file);
    app.configure(yaml(`  late: { ${settings} }\n`));
    await app.said((line) => line['msg'] === 'configuration refused: the one before it stays');
    await expect.poll(() => existsSync(join(directory, 'ca', 'ca-bundle.pem'))).toBe(true);
    writeFileSync(join(directory, file), text(join(directory, 'ca')));
    await app.said((line) => line['msg'] === 'configuration reloaded');
    expect((await fetch(`${app.proxyUrl}/late/x`)).status).not.toBe(404);
  });

  it.each([1, 2])('has written the roots for clients when it says that it is ready, with %i workers', async (workers) => {
    await using app = await RunningBreakwater.start(yaml(`workers: ${workers}\n`));
    await expect.poll(async () => (await fetch(`${app.adminUrl}/health/ready`)).status).toBe(200);
    expect(existsSync(join(dirname(app.file), 'ca', 'ca-bundle.pem'))).toBe(true);
  });

  it('writes the roots for clients without being asked, since a backend that is started apart reads them at its own start', async () => {
    await using app = await RunningBreakwater.start(yaml());
    app.signal('SIGTERM');
    expect(await app.exited).toBe(0);
    const directory = join(dirname(app.file), 'ca');
    expect(readFileSync(join(directory, 'ca-bundle.pem'), 'utf8')).toContain(readFileSync(join(directory, 'ca.pem'), 'utf8'));
  });

  it('serves base URLs where the roots cannot be written, and says so', async () => {
    await using app = await RunningBreakwater.start(yaml('intercept: { ca: /dev/null/ca }\n'));
    const line = await app.said(({ msg }) => String(msg).startsWith('no CA bundle for clients'));
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringContaining('/dev/null/ca') as string });
    expect(await (await fetch(`${app.proxyUrl}/api/x`)).text()).toBe('/x');
  });

  it('is asked for its health by the command that an image uses', async () => {
    await using app = await RunningBreakwater.start(yaml());
    await expect.poll(async () => (await fetch(`${app.adminUrl}/health/ready`)).status).toBe(200);
    expect((await breakwater(['healthcheck', '--url', `${app.adminUrl}/health/ready`])).code).toBe(0);
    expect((await breakwater(['healthcheck', '--url', 'http://127.0.0.1:9/health/ready'])).code).toBe(1);
  });

  it('is asked where its configuration has it, even where another part of that is wrong by now', async () => {
    await using app = await RunningBreakwater.start(yaml());
    const file = join(dirname(app.file), 'asked.yaml');
    writeFileSync(file, `version: 1\nadmin: { port: "\${ADMIN_PORT}" }\nupstreams: { api: { origin: "\${NOT_SET}" } }\n`);
    await expect.poll(async () => (await fetch(`${app.adminUrl}/health/ready`)).status).toBe(200);
    const env = { ADMIN_PORT: new URL(app.adminUrl).port };
    expect(await commandLine(['healthcheck', '-c', file], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await commandLine(['healthcheck'], { ...env, BREAKWATER_CONFIG: file })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await commandLine(['healthcheck', '-c', file])).code).toBe(2);
    expect((await commandLine(['healthcheck', '-c', app.file])).stderr).toContain('http://127.0.0.1:0/health/ready');
  });
});

/** The code of the error that a new connection meets. */
function refused(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('connect', () => resolve('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}
