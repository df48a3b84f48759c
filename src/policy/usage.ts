import type { UsageConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import { parseJson } from '../model/json.ts';
import { type JsonPath, parseJsonPath } from '../model/json-path.ts';

/** How long the same words are not read again, in milliseconds: most answers say what the one before said. */
const UNREAD_MS = 5000;

/** Reads in the fields of an answer how much of its limits an upstream says is used up, and reports it. */
export type UsageReader = (headers: HeaderList) => void;

/** A reader of all the headers that an upstream has for it; undefined where it has none. */
export function usageReader(
  upstream: string,
  rules: readonly UsageConfig[],
  { clock, observer }: { readonly clock: Clock; readonly observer: Pick<Observer, 'usageTold'> },
): UsageReader | undefined {
  if (rules.length === 0) return undefined;
  const meters = rules.map((rule) => new Meter(rule));
  return (headers) => {
    for (const meter of meters) meter.read(headers, clock.now(), (kind, ratio) => observer.usageTold(upstream, kind, ratio));
  };
}

/** One header. What belongs to several accounts is told as one: the highest. */
class Meter {
  readonly #header: string;
  readonly #shares: readonly { readonly kind: string; readonly path: JsonPath }[];
  #last = '';
  #lastAt = -Infinity;

  constructor({ header, name, percent }: UsageConfig) {
    this.#header = header.toLowerCase();
    this.#shares = Object.entries(percent).map(([kind, path]) => ({ kind: `${name}_${kind}`, path: parseJsonPath(path) ?? (() => []) }));
  }

  read(headers: HeaderList, now: number, tell: (kind: string, ratio: number) => void): void {
    const text = headerValue(headers, this.#header);
    if (text === undefined || (text === this.#last && now - this.#lastAt < UNREAD_MS)) return;
    this.#last = text;
    this.#lastAt = now;
    const document = parseJson(text);
    for (const { kind, path } of this.#shares) {
      const numbers = path(document).filter((value) => typeof value === 'number' && value >= 0);
      if (numbers.length > 0) tell(kind, Math.max(...(numbers as number[])) / 100);
    }
  }
}
