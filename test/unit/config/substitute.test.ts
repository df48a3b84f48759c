import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { substituteText } from '../../../src/config/substitute.ts';
import { configOf, problemsOf } from './fixtures.ts';

describe('variables in a text', () => {
  const env = { NAME: 'value', EMPTY: '', A_1: 'x' };

  it.each([
    ['${NAME}', 'value'],
    ['a-${NAME}-${A_1}', 'a-value-x'],
    ['${MISSING:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY}', ''],
    ['${MISSING:-}', ''],
    ['${MISSING:-http://127.0.0.1:1}', 'http://127.0.0.1:1'],
    ['$${NAME}', '${NAME}'],
    ['$NAME and $', '$NAME and $'],
  ])('makes %s to %j', (text, expected) => {
    expect(substituteText(text, env)).toMatchObject({ text: expected, mistakes: [] });
  });

  it.each([
    ['${MISSING}', 0],
    ['${NAME} ${1x}', 1],
    ['$${NAME} ${', 1],
    ['${constructor}', 0],
    ['${__proto__}', 0],
  ])('tells the mistake in %s', (text, mark) => {
    expect(substituteText(text, env).mistakes).toMatchObject([{ mark }]);
  });

  it('leaves a text alone that was escaped, whatever it holds', () => {
    const text = fc.string({ unit: fc.constantFrom('${', '}', 'NAME', ':-', 'x', ' ', '{') });
    fc.assert(
      fc.property(text, (wanted) => {
        expect(
          substituteText(
            wanted.replaceAll('${', () => '$${'),
            env,
          ),
        ).toMatchObject({ text: wanted, mistakes: [] });
      }),
    );
  });

  it('puts any value in the place of its variable, without looking for variables in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.constantFrom('', 'a', '-b '), (value, around) => {
        expect(substituteText(`${around}\${V}${around}`, { V: value }).text).toBe(`${around}${value}${around}`);
      }),
    );
  });
});

describe('variables in a file', () => {
  it('gives numbers and truth values where the whole value is one variable', () => {
    const config = configOf(
      'version: 1\nlisten:\n  port: ${PORT}\nadmin: { port: "${ADMIN:-9191}" }\nlog:\n  access: ${LOG}\n  level: "${LEVEL:-warn}"\n',
      { PORT: '8181', LOG: 'false' },
    );
    expect(config).toMatchObject({ listen: { port: 8181 }, admin: { port: 9191 }, log: { access: false, level: 'warn' } });
  });

  it('keeps digits as text where text is expected', () => {
    const config = configOf('version: 1\nupstreams:\n  a:\n    origin: https://a.example\n    tables:\n      path: /{table}\n      embeds: ${E}\n', {
      E: '42',
    });
    expect(config.upstreams['a']?.tables?.embeds).toBe('42');
  });

  it('never shows the value of a variable', () => {
    const problems = problemsOf('version: 1\ndrain: ${SECRET}\nupstreams:\n  a: { origin: "${SECRET}", resolve: "${SECRET}" }\n', {
      SECRET: 's3cr3t',
    });
    expect(problems).toEqual([
      'proxy.yaml:2:8 drain: expected a duration such as 250ms, 5s or 2m, got the value of ${SECRET}',
      'proxy.yaml:4:16 upstreams.a.origin: expected an origin such as https://api.example.com, without a path, got the value of ${SECRET}',
      'proxy.yaml:4:38 upstreams.a.resolve: expected host:port such as 127.0.0.1:9443, got the value of ${SECRET}',
    ]);
  });

  it('points at each variable that is missing', () => {
    expect(problemsOf('version: 1\nupstreams:\n  a:\n    origin: https://${HOST}.${DOMAIN}\n')).toEqual([
      'proxy.yaml:4:21 upstreams.a.origin: the variable HOST is not set (set it, or write ${HOST:-default})',
      'proxy.yaml:4:29 upstreams.a.origin: the variable DOMAIN is not set (set it, or write ${DOMAIN:-default})',
    ]);
  });

  it('looks for none where a key begins with x-', () => {
    expect(problemsOf('version: 1\nx-note: ${NOT_SET}\n')).toEqual([]);
  });
});
