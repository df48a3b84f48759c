import { describe, expect, it } from 'vitest';
import { requestOf, routesOfPreset, settingsFor } from './preset-fixtures.ts';

const routes = routesOfPreset('supabase');
const routeOf = (body: string) => settingsFor(routes, requestOf('POST /graphql/v1', 'x.supabase.co', { body }));
const asked = (query: unknown, more: object = {}): string => JSON.stringify({ query, ...more });

describe('a GraphQL request to Supabase', () => {
  it.each([
    ['in short form', asked('{ bots { id } }')],
    ['with a name', asked('query Mutations { mutations: bots { id } }', { operationName: 'Mutations', variables: { a: 'mutation' } })],
    ['that asks for the schema', asked('{ __schema { mutationType { name } subscriptionType { name } } }')],
    ['with fragments', asked('query A { ...f } query B { ...f }\nfragment f on Bots { id }')],
  ])('that is a query %s drops nothing, and may be repeated', (_name, body) =>
    expect(routeOf(body)).toMatchObject({ name: 'graphql', repeatable: true, invalidate: { none: true } }),
  );

  it.each([
    ['a mutation', asked('mutation { insertIntoBots(objects: []) { affectedCount } }')],
    ['a mutation without spaces', asked('mutation{a}')],
    ['a mutation after a query', asked('query A { a }\n,mutation B { b }', { operationName: 'A' })],
    ['a mutation close after a query', asked('{a}mutation{b}')],
    ['a mutation after a comment and a string', asked('# {\n"""{"""\nmutation { b }')],
    ['a mutation after a mark of byte order', asked('\uFEFFmutation { b }')],
    ['a subscription', asked('subscription { a }')],
    ['one that only says the word', asked('{ a(text: "mutation") } # mutation')],
    ['a mutation in escapes of JSON', '{"query":"\\u006dutation { a }"}'],
    ['a persisted query', asked(undefined, { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } })],
    ['no text', asked(null)],
    ['an empty text', asked('')],
    ['a text that is no document', asked('fragment')],
    ['several at once', `[${asked('{ a }')},${asked('mutation { b }')}]`],
    ['no document', 'query { a }'],
  ])('that is %s drops all, and is never repeated', (_name, body) =>
    expect(routeOf(body)).toMatchObject({ name: 'graphql-mutation', repeatable: false, invalidate: { all: true } }),
  );
});
