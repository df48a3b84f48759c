import type { Exchange } from '../model/exchange.ts';

/**
 * Names under which stored answers are dropped. One name space per kind, told apart by its first letters, so that a table cannot be taken for a route.
 */

/** All of an upstream. */
export const upstreamTag = (upstream: string): string => `up:${upstream}`;

/** All of a route. */
export const routeTag = (upstream: string, route: string): string => `route:${upstream}/${route}`;

/**
 * All answers for one URL, whoever they are for (`https://host/path?query`, credentials in the query hashed). It is the URL itself: a text of its own for each entry
 * would cost as much as the entry.
 */
export const urlTag = (url: string): string => url;

/** A surrogate key of the configuration, or a table by its bare name, within one upstream. */
export const scopedTag = (upstream: string, tag: string): string => `in:${upstream}/${tag}`;

/** All reads that may depend on any table of an upstream. */
export const anyTableTag = (upstream: string): string => `db:${upstream}/?`;

/** Names the tags of an answer, from its exchange and its URL. */
export type Tagger = (exchange: Exchange, url: string) => string[];
