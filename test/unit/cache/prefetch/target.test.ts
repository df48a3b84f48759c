import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../../src/cache/prefetch/rows.ts';
import { filled, parseTarget, requestValues, shapeOf, templateFrom, tokensOf } from '../../../../src/cache/prefetch/target.ts';

const row = (values: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(values));

describe('the places of a request in which values stand', () => {
  it.each<[target: string, values: Record<string, string>, shape: string]>([
    ['/rest/v1/bots?id=eq.7&select=id,name', { '?id': '7' }, '/rest/v1/bots?id=eq.*&select=id,name'],
    ['/rest/v1/bots?a=not.is.x&b=5', { '?a': 'x', '?b': '5' }, '/rest/v1/bots?a=not.is.*&b=*'],
    ['/rest/v1/bots?id=not.eq.7&order=id.desc&limit=1', { '?id': '7' }, '/rest/v1/bots?id=not.eq.*&order=id.desc&limit=1'],
    ['/v1/contacts/55/notes', { '/3': '55' }, '/v1/contacts/*/notes'],
    ['/v20.0/1234567', { '/2': '1234567' }, '/v20.0/*'],
    ['/x?name=a%20b+c', { '?name': 'a b c' }, '/x?name=*'],
    ['/x?broken=%zz', {}, '/x?broken=%zz'],
    ['/x?empty=&flag', {}, '/x?empty=&flag'],
    ['/', {}, '/'],
  ])('of %s', (target, values, shape) => {
    const tokens = tokensOf(target) ?? [];
    expect(Object.fromEntries(requestValues(tokens))).toEqual(values);
    expect(shapeOf(target, tokens)).toBe(shape);
  });
});

describe('a template', () => {
  it('is filled from the row, then from the request before', () => {
    const template = parseTarget('/notes?a=eq.{account.id}&b=eq.{?inbox}&c=cs.{1,2}');
    expect(template.fields).toEqual(['account.id', '?inbox']);
    expect(filled(template, row({ 'account.id': 'x/y' }), row({ '?inbox': '9' }))).toBe('/notes?a=eq.x%2Fy&b=eq.9&c=cs.{1,2}');
    expect(filled(template, row({}), row({ '?inbox': '9' }))).toBeUndefined();
  });

  it.each(['.', '..', '\ud800'])('is not filled with %j, which would lead elsewhere or cannot be written', (value) => {
    expect(filled(parseTarget('/users/{id}/posts'), row({ id: value }), row({}))).toBeUndefined();
  });

  it('is not made of a request that is too long, or names too much', () => {
    expect(tokensOf(`/x?${'id=1&'.repeat(17)}`)).toBeUndefined();
    expect(tokensOf(`/x?id=${'1'.repeat(3000)}`)).toBeUndefined();
  });

  it('made from a request gives that request again', () => {
    const value = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '' && text.isWellFormed() && !/^\.{1,2}$/.test(text));
    fc.assert(
      fc.property(value, value, (a, b) => {
        const target = `/things?first=eq.${encodeURIComponent(a)}&select=*&second=${encodeURIComponent(b)}`;
        const tokens = tokensOf(target) ?? [];
        const template = templateFrom(target, tokens, ['a', 'b']);
        const values = requestValues(tokens);
        fc.pre(tokens.length === 2);
        const again = filled(template, row({ a: values.get('?first') ?? '', b: values.get('?second') ?? '' }), row({}));
        expect(again).toBe(target);
      }),
    );
  });

  it('never throws for what clients send', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(shapeOf(`/${text}`, tokensOf(`/${text}`) ?? [])).toEqual(expect.any(String));
      }),
    );
  });
});

describe('the rows of an answer', () => {
  it.each<[string, unknown, Record<string, string>[]]>([
    ['a list', [{ id: 1, name: 'a' }, 'x', { id: 2, ok: true, none: null }], [{ id: '1', name: 'a' }, { id: '2' }]],
    ['an object', { id: 1, account: { id: 2, plan: { id: 3 } } }, [{ id: '1', 'account.id': '2', 'account.plan.id': '3' }]],
    [
      'an object with a list',
      { page: 1, data: [{ id: 5 }, { id: 6 }] },
      [
        { page: '1', 'data.id': '5' },
        { page: '1', 'data.id': '6' },
      ],
    ],
    ['numbers that are no whole ones', [{ a: 1.5, b: 1e300 }], [{}]],
    ['texts too long to be a key of anything', [{ a: 'x'.repeat(201), b: '' }], [{}]],
    ['neither', 'text', []],
    ['nothing', undefined, []],
  ])('of %s', (_what, document, expected) => {
    expect(rowsOf(document, 10).map((one) => Object.fromEntries(one))).toEqual(expected);
  });

  it('are as many as asked for, with a bounded number of fields', () => {
    expect(rowsOf([{ id: 1 }, { id: 2 }, { id: 3 }], 2)).toHaveLength(2);
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, n]));
    expect(rowsOf([wide], 1)[0]?.size).toBe(64);
  });

  it('never throw, whatever the document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        expect(rowsOf(document, 5).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
