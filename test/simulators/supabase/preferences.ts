/** `Prefer:` of a request (RFC 7240), as far as PostgREST reads it. */
export interface Preferences {
  readonly returns: 'minimal' | 'representation' | 'headers-only';
  readonly count: boolean;
  readonly resolution: 'merge' | 'ignore' | undefined;
  readonly rollback: boolean;
  /** What of it was applied, for `Preference-Applied`. */
  readonly applied: string;
}

const KNOWN =
  /^(return=(minimal|representation|headers-only)|count=(exact|planned|estimated)|resolution=(merge|ignore)-duplicates|tx=rollback|missing=default|handling=(strict|lenient)|max-affected=\d+|timezone=.*)$/;

/** Reads the header; what it does not know is left out. */
export function parsePrefer(header: string | undefined): Preferences {
  const given = (header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => KNOWN.test(part));
  const has = (text: string): boolean => given.includes(text);
  return {
    returns: has('return=representation') ? 'representation' : has('return=headers-only') ? 'headers-only' : 'minimal',
    count: given.some((part) => part.startsWith('count=')),
    resolution: has('resolution=merge-duplicates') ? 'merge' : has('resolution=ignore-duplicates') ? 'ignore' : undefined,
    rollback: has('tx=rollback'),
    applied: given.join(', '),
  };
}
