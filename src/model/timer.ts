/** The longest that a timer can be set to, in milliseconds (24.8 days): Node calls at once where it is set to more. */
export const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls once `ms` milliseconds have passed, after 24.8 days at the latest; never where it is Infinity. For every time that comes from a configuration or a client: what is longer than a timer
 * can be set to must not be over at once.
 */
export function callAfter(ms: number, call: () => void): NodeJS.Timeout | undefined {
  return ms === Infinity ? undefined : setTimeout(call, Math.min(LONGEST_MS, Math.max(0, ms)));
}

/** Whether work has settled within `ms` milliseconds; it goes on where it has not. It must not reject. */
export function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = callAfter(ms, () => resolve(false));
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
