/** How long and how often something is measured. Seconds. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
}

/** What a case gets that asks for nothing else. */
export const USUAL_EFFORT: Effort = { rounds: 5, seconds: 1, warmUp: 1 };

/** The effort of a case: the usual one, but for what the case asks for, but for what the user asks for; undefined and NaN ask for nothing. */
export function effortOf(ofCase: Partial<Effort> | undefined, ofUser: { readonly [key in keyof Effort]?: number | undefined }): Effort {
  const asked = Object.entries(ofUser).filter(([, value]) => value !== undefined && !Number.isNaN(value));
  return { ...USUAL_EFFORT, ...ofCase, ...(Object.fromEntries(asked) as Partial<Effort>) };
}

/** True while another round is due: until all are done, and then up to half as many again while the baseline is not equal to itself. */
export function isDue(round: number, rounds: number, quiet: boolean): boolean {
  return round < rounds || (!quiet && round < rounds + Math.floor(rounds / 2));
}
