import { describe, expect, it } from 'vitest';
import { startStillAdmin } from './fixtures.ts';

const CHANGE = { 'x-breakwater-admin': '1' };

describe('the listener', () => {
  it('asks for its token, where it has one, by all that shows or changes anything but health and metrics', async () => {
    const token = 'correct-horse-battery';
    await using server = await startStillAdmin({ token });
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics']) expect((await server.ask('GET', path)).status).toBe(200);
    const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
    const wrong = [
      undefined,
      'Bearer',
      'Bearer wrong',
      `bearer ${token}x`,
      token,
      `Digest ${token}`,
      basic('correct-horse-battery'.slice(1)),
      basic(`${token}:`),
    ];
    for (const path of ['/', '/api', '/api/config', '/api/exchanges', '/nothing', '/healthy', '/metrics/', '//metrics'])
      for (const authorization of wrong) {
        const { status, headers, text } = await server.ask('GET', path, authorization === undefined ? {} : { authorization });
        expect([path, authorization, status]).toEqual([path, authorization, 401]);
        expect(headers['www-authenticate']).toMatch(/^Basic realm="breakwater".*, Bearer/);
        expect(text).not.toContain(token);
      }
    const trip = '/api/breakers/api/default/trip';
    expect((await server.ask('POST', trip, CHANGE)).status).toBe(401);
    expect(server.app.acts).toEqual([]);
    for (const authorization of [`Bearer ${token}`, `bearer  ${token}`, basic(`anyone:${token}`), basic(`:${token}`)]) {
      expect((await server.ask('GET', '/api/config', { authorization })).status).toBe(200);
      expect((await server.ask('POST', trip, { ...CHANGE, authorization })).status).toBe(200);
    }
    // a browser that has been told the token shows it to itself for other pages too
    const forged = { ...CHANGE, authorization: basic(`me:${token}`), 'sec-fetch-site': 'cross-site' };
    expect((await server.ask('POST', trip, forged)).status).toBe(403);
  });
});
