import { describe, expect, it } from 'vitest';
import { notesOf } from './fixtures.ts';

/** What is told of lines under an upstream `api`; they begin in line 5, column 5. */
const told = (...lines: string[]): readonly string[] =>
  notesOf(`version: 1\nupstreams:\n  api:\n    origin: https://api.example\n${lines.map((line) => `    ${line}\n`).join('')}`);

describe('a time limit that can never pass', () => {
  it.each([
    ['timeouts: { headers: 30s, total: 2s }', '5:26 upstreams.api.timeouts.headers: headers (30s) can never pass: total (2s) ends the wait before'],
    ['timeouts: { headers: 2s, total: 2s }', '5:26 upstreams.api.timeouts.headers: headers (2s) can never pass: total (2s) ends the wait before'],
    [
      'timeouts: { send: 9s, attempt: 3s, total: 5s }',
      '5:23 upstreams.api.timeouts.send: send (9s) can never pass: attempt (3s) ends the wait before',
    ],
    [
      'timeouts: { queue: 9s, attempt: 3s, total: 9s }',
      '5:24 upstreams.api.timeouts.queue: queue (9s) can never pass: total (9s) ends the wait before',
    ],
    [
      'timeouts: { headers: 2s }\n    breaker: { slowCall: { after: 10s } }',
      '6:35 upstreams.api.breaker.slowCall.after: after (10s) can never pass: headers (2s) ends the wait before',
    ],
    [
      'breaker: { slowCall: { after: 2m } }',
      '5:35 upstreams.api.breaker.slowCall.after: after (2m) can never pass: headers (1m) ends the wait before',
    ],
    [
      'timeouts: { total: 5s }\n    hedge: { after: 10s }',
      '6:21 upstreams.api.hedge.after: after (10s) can never pass: total (5s) ends the wait before',
    ],
    [
      'timeouts: { total: 5s }\n    routes: [{ match: { path: /a }, timeouts: { headers: 9s } }]',
      '6:58 upstreams.api.routes.0.timeouts.headers: headers (9s) can never pass: total (5s) ends the wait before',
    ],
  ])('is told: %s', (lines, note) => {
    expect(told(lines)).toEqual([`proxy.yaml:${note}`]);
  });

  it.each([
    ['one that can', 'timeouts: { headers: 2s, total: 5s }'],
    ['one that a route ends sooner', 'timeouts: { headers: 9s, total: 30s }\n    routes: [{ match: { path: /a }, timeouts: { total: 5s } }]'],
    ['one that is there without being written', 'timeouts: { total: 5s }'],
    ['one of a breaker that is off', 'breaker: { enabled: false, slowCall: { after: 2m } }'],
    [
      'one of an answer that the last attempt may wait for',
      'timeouts: { headers: 2s }\n    retry: { patientLast: true }\n    breaker: { slowCall: { after: 10s } }',
    ],
    ['a percentile', 'timeouts: { total: 5s }\n    hedge: { after: p95 }'],
    ['an idle time, which holds for upgrades too', 'timeouts: { idle: 1m, total: 5s }'],
  ])('is not %s', (_name, lines) => {
    expect(told(lines)).toEqual([]);
  });

  it("is told of the file's own limits, not of those that its preset has", () => {
    const preset = (timeouts: string): string => `version: 1\nupstreams:\n  a: { preset: gemini, timeouts: ${timeouts} }\n`;
    expect(notesOf(preset('{ total: 1s, connect: 500ms }'))).toEqual([]);
    expect(notesOf(preset('{ total: 1s, connect: 500ms, headers: 5s }'))).toHaveLength(1);
  });
});
