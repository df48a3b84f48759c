import { matchesHost } from '../model/hosts.ts';

/** Finds what belongs to a host: exact names first, then the most specific pattern. */
export class HostMap<T> {
  readonly #exact = new Map<string, T>();
  readonly #patterns: { readonly pattern: string; readonly value: T }[] = [];

  /** Adds a host or a pattern `*.example.com`. */
  set(host: string, value: T): void {
    if (!host.startsWith('*.')) {
      this.#exact.set(host, value);
      return;
    }
    this.#patterns.push({ pattern: host, value });
    this.#patterns.sort((a, b) => b.pattern.length - a.pattern.length);
  }

  /** What belongs to an authority, if anything. */
  get(authority: string): T | undefined {
    return this.#exact.get(authority) ?? this.#patterns.find(({ pattern }) => matchesHost(pattern, authority))?.value;
  }
}
