import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** What a sidecar that serves answers. */
const sidecar: Server = createServer((_request, response) => response.end());

/** What `healthcheck` comes to with a file of this text, `PORT` in it being where the sidecar is. */
async function checked(text: string, env: Readonly<Record<string, string>> = {}): ReturnType<typeof commandLine> {
  await using scratch = await scratchDirectory();
  const file = join(scratch.path, 'proxy.yaml');
  writeFileSync(file, text.replaceAll('PORT', String(portOf(sidecar))));
  return commandLine(['healthcheck', '-c', file], env);
}

describe('breakwater healthcheck, while a wrong file lies where that of the running sidecar was', () => {
  beforeAll(() => opened(sidecar));
  afterAll(() => closed(sidecar));

  it.each([
    ['is broken after it', 'version: 1\nadmin:\n  port: PORT\nupstreams:\n  api: { origin: "x"\nlog: {}\n', 6],
    ['is broken before it', 'version: 1\nupstreams: [\nadmin: { port: PORT }\n# the end\n', 3],
    ['is a merge that was not finished', '<<<<<<< ours\nadmin:\n  port: PORT\n=======\nadmin:\n  port: 1\n>>>>>>> theirs\n', 1],
  ])('reads the block of the admin listener alone where the file %s, and says so', async (_name, text, line) => {
    const { code, stderr } = await checked(text);
    expect(stderr).toMatch(
      /^breakwater: \S+proxy\.yaml:\d+:\d+ not valid YAML: .*: asking http:\/\/127\.0\.0\.1:\d+\/health\/ready, as its admin block says\n$/,
    );
    expect(stderr).toContain(`proxy.yaml:${line}:`);
    expect(code).toBe(0);
  });

  it('takes it with the variables of the environment, and whatever is wrong with the version and the listener', async () => {
    const env = { ADMIN: String(portOf(sidecar)) };
    expect(await checked('admin: { port: "${ADMIN}" }\nupstreams: [\n', env)).toMatchObject({ code: 0 });
    expect(await checked('version: 2\nlisten: { port: web }\nadmin: { port: PORT }\n')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['is no YAML and has no such block', 'upstreams: [\n', 'not valid YAML'],
    ['has one that is wrong', 'version: 1\nadmin: { port: web }\n', 'admin.port: expected'],
    ['has one whose variable is not set', 'version: 1\nadmin: { port: "${ADMIN}" }\n', 'the variable ADMIN is not set'],
  ])('asks at the default address where the file %s', async (_name, text, why) => {
    const { stderr } = await checked(text);
    expect(stderr).toContain(why);
    expect(stderr).toContain(': asking http://127.0.0.1:9090/health/ready, the default\n');
  });

  it('asks at the default address where the file is gone', async () => {
    const { stderr } = await commandLine(['healthcheck', '-c', '/nowhere/proxy.yaml']);
    expect(stderr).toContain('cannot be read: there is no such file: asking http://127.0.0.1:9090/health/ready, the default\n');
  });
});
