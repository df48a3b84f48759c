/** Signals that a command which serves does something about. */
const HEARD = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'];
/** Commands that serve. All others end by a signal as programs do. */
const SERVING = ['run', 'exec'];

/** Signals that came before the command was there to hear them. */
export interface EarlySignals {
  /** What has come, in order, and from now on the caller hears for itself. */
  take(): NodeJS.Signals[];
}

/**
 * Hears signals from the first moment on: loading the program takes most of its start, and a supervisor that stops it then would see it killed instead of ended. Needs nothing else to be loaded, and no
 * more of Node than the oldest has. Undefined for a command that does not serve.
 */
export function hearEarly(args: readonly string[]): EarlySignals | undefined {
  if (!SERVING.includes(args[0] ?? '')) return undefined;
  const heard: NodeJS.Signals[] = [];
  const hear = (signal: NodeJS.Signals): void => void heard.push(signal);
  for (const signal of HEARD) process.on(signal, hear);
  return {
    take: () => {
      for (const signal of HEARD) process.off(signal, hear);
      return heard.splice(0);
    },
  };
}
