import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { scratchDirectory } from '../../support/scratch.ts';

const env = { SUPABASE_URL: 'https://project.supabase.co' };

describe('breakwater explain', () => {
  it('tells a send from a mark-as-read by the body, and what may be sent again', async () => {
    const url = 'https://graph.facebook.com/v23.0/1/messages';
    const send = await commandLine(['explain', 'post', url, '-d', '{"to":"48","type":"text"}'], env);
    expect(send.code).toBe(0);
    expect(send.stdout).toMatch(/route +send /);
    expect(send.stdout).toMatch(/no answer came in time +ambiguous +1 .* 504 whatsapp_timeout, outcome unknown/);
    const read = await commandLine(['explain', 'POST', url, '-d', '{"status":"read","message_id":"wamid.x"}'], env);
    expect(read.stdout).toMatch(/route +mark-read /);
    expect(read.stdout).toMatch(/no answer came in time +ambiguous +3 /);
  });

  it('prints JSON, shows no secret, and says where a request would not go', async () => {
    const json = await commandLine(['explain', 'GET', '/gemini/v1beta/models?key=s3cr3t', '-H', 'x-goog-api-key: s3cr3t', '--json'], env);
    expect(JSON.parse(json.stdout)).toMatchObject({ upstream: 'gemini', route: 'models', repeatable: true });
    expect(json.stdout).not.toContain('s3cr3t');
    const nowhere = await commandLine(['explain', 'GET', 'https://elsewhere.example/'], env);
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toContain('elsewhere.example');
    expect((await commandLine(['explain', 'GET', '/gemini/', '-H', 'nonsense'], env)).code).toBe(2);
  });

  it('says of a host in passthrough that it is tunnelled', async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, 'proxy.yaml');
    writeFileSync(file, 'version: 1\npassthrough: [raw.example]\n');
    const text = await commandLine(['explain', 'GET', 'https://raw.example/x', '-c', file]);
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining('raw.example is in passthrough: it is tunnelled untouched') });
    const json = await commandLine(['explain', 'GET', 'https://raw.example/x', '-c', file, '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ passthrough: 'raw.example' });
  });
});
