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
  const tell: Tell = (kind, ratio) => observer.usageTold(upstream, kind, ratio);
  const meters = rules.map((rule) => new Meter(rule, clock, tell));
  return (headers) => {
    for (const meter of meters) meter.read(headers);
  };
}

type Tell = (kind: string, ratio: number) => void;

/** One header. What belongs to several accounts is told as one: the highest. */
class Meter {
  readonly #header: string;
  readonly #shares: readonly { readonly kind: string; readonly path: JsonPath }[];
  readonly #clock: Clock;
  readonly #tell: Tell;
  #last = '';
  #lastAt = -Infinity;

  constructor({ header, name, percent }: UsageConfig, clock: Clock, tell: Tell) {
    this.#clock = clock;
    this.#tell = tell;
    this.#header = header.toLowerCase();
    this.#shares = Object.entries(percent).map(([kind, path]) => ({ kind: `${name}_${kind}`, path: parseJsonPath(path) ?? (() => []) }));
  }

  read(headers: HeaderList): void {
    const text = headerValue(headers, this.#header);
    if (text === undefined) return;
    const now = this.#clock.now();
    if (text === this.#last && now - this.#lastAt < UNREAD_MS) return;
    this.#last = text;
    this.#lastAt = now;
    const document = parseJson(text);
    for (const { kind, path } of this.#shares) {
      const numbers = path(document).filter((value) => typeof value === 'number' && value >= 0);
      if (numbers.length > 0) this.#tell(kind, Math.max(...(numbers as number[])) / 100);
    }
  }
}
