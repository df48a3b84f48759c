import { describe, expect, it } from 'vitest';
import { ledThrough } from '../../../src/listen/locations.ts';
import type { Entry } from '../../../src/model/exchange.ts';

const ORIGIN = { scheme: 'https', authority: 'api.example', upstream: 'api' } as const;

/** The reference that a client gets in place of one, which its upstream gave for `path`. */
function led(reference: string, entry: Entry = 'prefix', path = '/a/b?c', origin: { scheme: 'http' | 'https'; authority: string } = ORIGIN) {
  return ledThrough(['location', reference], { ...ORIGIN, ...origin, entry, path }, {})[1];
}

describe('a reference to the origin of an upstream', () => {
  it.each([
    ['/new', '/api/new'],
    ['/new?x=%2F&y#z', '/api/new?x=%2F&y#z'],
    ['/', '/api/'],
    ['https://api.example/new?x', '/api/new?x'],
    ['HTTPS://API.example:443/new', '/api/new'],
    ['https://api.example.', '/api/'],
    ['https://api.example?x', '/api/?x'],
    ['https://api.example#x', '/api/#x'],
    ['https://api.example//new', '/api//new'],
    ['//api.example/new', '/api/new'],
    ['new', '/api/a/new'],
    ['../../../new?x#y', '/api/new?x#y'],
  ])('by prefix is led through it: %s', (reference, expected) => {
    expect(led(reference)).toBe(expected);
  });

  it('by prefix is led through it where the client left out the slash behind the name', () => {
    expect(led('new', 'prefix', '/')).toBe('/api/new');
  });

  it.each([
    ['https://api.example/new?x', '/new?x'],
    ['https://api.example//evil.example/', '/.//evil.example/'],
    ['https://api.example/\\evil.example/', '/./\\evil.example/'],
    ['//api.example', '/'],
  ])('by port is one to that port: %s', (reference, expected) => {
    expect(led(reference, 'port')).toBe(expected);
  });

  it.each(['/new', 'new', '../new', '?x', ''])('by port stays as it is where it names no host: %s', (reference) => {
    expect(led(reference, 'port')).toBe(reference);
  });

  it.each(['/new', 'https://api.example/new', 'new'])('stays as it is where the client names the host itself: %s', (reference) => {
    expect(led(reference, 'connect')).toBe(reference);
    expect(led(reference, 'absolute')).toBe(reference);
  });

  it('is told from those of its other ports', () => {
    const origin = { scheme: 'http', authority: '127.0.0.1:8000' } as const;
    expect(led('http://127.0.0.1:8000/new', 'prefix', '/', origin)).toBe('/api/new');
    expect(led('http://127.0.0.1/new', 'prefix', '/', origin)).toBe('http://127.0.0.1/new');
  });
});

describe('a reference that leads elsewhere, or right already', () => {
  it.each([
    'https://other.example/new',
    'https://api.example:8443/new',
    'https://api.example.evil.example/new',
    'https://api.example@evil.example/new',
    // the other scheme: led back here, a redirect from one to the other would go round for ever
    'http://api.example/new',
    '//other.example/new',
    'mailto:a@api.example',
    'app://api.example/new',
    '?page=2',
    '#end',
    '',
    'https://',
    'http://[',
  ])('stays as it is: %j', (reference) => {
    expect(led(reference)).toBe(reference);
  });
});

describe('the fields of an answer', () => {
  const exchange = { ...ORIGIN, entry: 'prefix', path: '/a' } as const;

  it('keep their order, and Location alone is led through the proxy: nobody follows Content-Location, which PostgREST says in every read', () => {
    const headers = ['a', '/1', 'content-location', '/2', 'link', '</3>', 'location', '/4', 'b', '/5'];
    expect(ledThrough(headers, exchange, {})).toEqual(['a', '/1', 'content-location', '/2', 'link', '</3>', 'location', '/api/4', 'b', '/5']);
  });

  it('are the same list where none of them changes, or may', () => {
    const headers = ['location', '/new'];
    expect(ledThrough(headers, exchange, { keepsLocation: true })).toBe(headers);
    for (const same of [['a', '/1'], ['location', '?x'], []]) expect(ledThrough(same, exchange, {})).toBe(same);
  });
});
