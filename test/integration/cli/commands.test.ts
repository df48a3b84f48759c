import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { breakwater, CLI } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { opened } from '../../support/servers.ts';

const ON_FREE_PORTS = 'version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  api: { origin: "http://127.0.0.1:9" }\n';

describe('breakwater', () => {
  it('explains each command and ends with 0', async () => {
    for (const command of [[], ['run'], ['exec'], ['env'], ['init'], ['check'], ['explain'], ['cache'], ['healthcheck']]) {
      const { code, stdout } = await commandLine([...command, '--help']);
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stdout).toContain('Usage: breakwater');
    }
  });

  it('ends with 2 when it is called wrongly, and says so on standard error', async () => {
    const { code, stdout, stderr } = await commandLine(['run', '--bogus']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--bogus'");
  });
});

describe('breakwater init, check and env', () => {
  it('write a file that is right, and do not replace one that is there', async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, 'proxy.yaml');
    expect((await commandLine(['init', file])).code).toBe(0);
    const checked = await commandLine(['check', file], { SUPABASE_URL: 'https://project.supabase.co' });
    expect(checked).toMatchObject({ code: 0, stdout: `${file}: ok, 3 upstreams: whatsapp, gemini, supabase\n` });
    writeFileSync(file, 'mine');
    const again = await commandLine(['init', file]);
    expect(again).toMatchObject({ code: 1, stderr: `breakwater: ${file} is already there; --force replaces it\n` });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('tell every problem of a file with its place, and end with 2', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(
      join(scratch.path, 'bad.yaml'),
      'version: 1\nupstreams:\n  api:\n    origin: https://a.example\n    retrys: {}\n    timeouts: { connect: soon }\n',
    );
    const { code, stderr } = await commandLine(['check', join(scratch.path, 'bad.yaml')]);
    expect(code).toBe(2);
    expect(stderr).toContain('bad.yaml:5:5');
    expect(stderr).toContain('retry');
    expect(stderr).toContain('bad.yaml:6:26');
    expect(stderr).toContain('2 problems');
  });

  it('make the bundle that the variables name, with a key that is private', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS.replace('listen: { port: 0 }', 'listen: { port: 8080 }'));
    const { code, stdout } = await breakwater(['env', '-c', 'proxy.yaml', '--format', 'json'], { cwd: scratch.path });
    expect(code).toBe(0);
    const variables = JSON.parse(stdout) as Record<string, string>;
    expect(variables['SSL_CERT_FILE']).toBe(join(scratch.path, 'ca', 'ca-bundle.pem'));
    expect(existsSync(variables['SSL_CERT_FILE'] ?? '')).toBe(true);
    expect(statSync(join(scratch.path, 'ca', 'ca-key.pem')).mode & 0o777).toBe(0o600);
  });
});

describe('what cannot be known', () => {
  it.each([
    [['env', '-c', 'proxy.yaml'], 'listen.port is 0'],
    [['cache', 'ls', '-c', 'proxy.yaml'], 'admin.port is 0'],
  ])('is said: %j', async (args, said) => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const { code, stdout, stderr } = await breakwater(args, { cwd: scratch.path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${said}, so that only the running sidecar knows its port`);
  });

  it('a file that lies here and is not named is said to be left', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const { code, stderr } = await breakwater(['explain', 'GET', '/whatsapp/x'], { cwd: scratch.path });
    expect(code).toBe(0);
    expect(stderr).toContain('./proxy.yaml is here and not used: -c proxy.yaml runs it');
    expect((await breakwater(['explain', '-c', 'proxy.yaml', 'GET', '/whatsapp/x'], { cwd: scratch.path })).stderr).not.toContain('not used');
  });

  it('a method that the proxy does not know is explained as what it answers', async () => {
    expect(await commandLine(['explain', 'FOO', '/whatsapp/x'])).toMatchObject({ code: 1, stdout: '' });
    expect((await commandLine(['explain', 'foo', '/whatsapp/x'])).stderr).toContain('the proxy answers 501: FOO is no method');
  });
});

describe('breakwater exec', () => {
  const node = process.execPath;

  it('runs the command with the proxy up, and ends with its exit code', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const script = `fetch(process.env.HTTPS_PROXY + '/nowhere').then((r) => { console.log(r.status, require('fs').existsSync(process.env.SSL_CERT_FILE)); process.exit(7); })`;
    const { code, stdout } = await breakwater(['exec', '-c', 'proxy.yaml', '--', node, '-e', script], {
      cwd: scratch.path,
      env: { NODE_USE_ENV_PROXY: '' },
    });
    expect({ code, stdout }).toEqual({ code: 7, stdout: '404 true\n' });
  });

  it('hands options of the command through and says 127 for a command that is not there', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const printed = await breakwater(['exec', '-c', 'proxy.yaml', 'printf', '%s', '--help'], { cwd: scratch.path });
    expect(printed).toMatchObject({ code: 0, stdout: '--help' });
    const missing = await breakwater(['exec', '-c', 'proxy.yaml', '--', 'no-such-command'], { cwd: scratch.path });
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain('cannot run no-such-command: not found');
  });

  it('ends as a shell says it when a signal ended the command', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const { code } = await breakwater(['exec', '-c', 'proxy.yaml', '--', 'sh', '-c', 'kill -TERM $$'], { cwd: scratch.path });
    expect(code).toBe(143);
  });

  it('ends as told by a signal that comes while it starts', async () => {
    await using scratch = await scratchDirectory();
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS);
    const child = spawn(node, [CLI, 'exec', '-c', 'proxy.yaml', '--', 'sleep', '60'], { cwd: scratch.path, stdio: ['ignore', 'ignore', 'pipe'] });
    // its first line in the log says that the proxy listens; the command comes after. Some Nodes warn of what is experimental before it
    for await (const line of createInterface(child.stderr)) if (line.startsWith('{')) break;
    child.kill('SIGTERM');
    child.stderr.resume();
    expect(await once(child, 'close')).toEqual([143, null]);
  });

  it('says which port is in use, and how to choose another', async () => {
    await using scratch = await scratchDirectory();
    const taken = createServer();
    const port = await opened(taken);
    writeFileSync(join(scratch.path, 'proxy.yaml'), ON_FREE_PORTS.replace('listen: { port: 0 }', `listen: { port: ${port} }`));
    const { code, stderr } = await breakwater(['run', '-c', 'proxy.yaml'], { cwd: scratch.path });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: the port is taken; choose another port`);
  });
});
