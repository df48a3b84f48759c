import { parseJson } from '../model/json.ts';
import { type JsonPath, parseJsonPath } from '../model/json-path.ts';

/** What the events of a stream have to say. */
export interface StreamMarks {
  /** Paths, one of which a complete stream has had. */
  readonly terminator: readonly string[];
  /** The data of the event that ends a complete stream. */
  readonly done: RegExp | undefined;
  /** Path to the status in an event that tells an error. */
  readonly error: string;
}

/** Reads what single events mean. */
export class EventReader {
  readonly #ends: readonly { readonly word: string; readonly find: JsonPath }[];
  readonly #done: RegExp | undefined;
  readonly #error: { readonly word: string; readonly find: JsonPath } | undefined;

  constructor(marks: StreamMarks) {
    this.#ends = marks.terminator.flatMap(compiled);
    this.#done = marks.done;
    this.#error = compiled(marks.error)[0];
  }

  /** Whether streams have an end that can be told from a break. */
  get knowsEnds(): boolean {
    return this.#ends.length > 0 || this.#done !== undefined;
  }

  /** Whether a stream is complete with this event. */
  isEnd(data: string): boolean {
    if (this.#done?.test(data) === true) return true;
    // parsing every event would cost more than the stream itself: the name must be there first
    const marks = this.#ends.filter(({ word }) => data.includes(word));
    if (marks.length === 0) return false;
    const document = parseJson(data);
    return marks.some(({ find }) => find(document).some((value) => value !== null && value !== undefined && value !== ''));
  }

  /** The status in an event that tells an error; undefined where it tells none. */
  errorStatus(data: string): number | undefined {
    if (this.#error === undefined || !data.includes(this.#error.word)) return undefined;
    const [value] = this.#error.find(parseJson(data));
    const status = Number(value);
    return Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
  }
}

function compiled(path: string): { word: string; find: JsonPath }[] {
  const find = parseJsonPath(path);
  const word = /[A-Za-z0-9_-]+$/.exec(path.replace(/\[[^\]]*\]$/, ''))?.[0];
  return find === undefined || word === undefined ? [] : [{ word: `"${word}"`, find }];
}
