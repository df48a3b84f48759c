/** What stands where nothing is known. */
export const NONE = '–';

/** A latency: `0.8 ms`, `42 ms`, `1.24 s`, `75 s`. */
export function latency(ms: number | undefined | null): string {
  if (ms === undefined || ms === null || !Number.isFinite(ms)) return NONE;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9995) return `${(ms / 1000).toFixed(2)} s`;
  return ms < 99_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** A span in its two largest units: `0 s`, `59 s`, `2 min 5 s`, `3 h 10 min`, `12 d 4 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (minutes < 60) return two(minutes, 'min', seconds % 60, 's');
  return hours < 24 ? two(hours, 'h', minutes % 60, 'min') : two(days, 'd', hours % 24, 'h');
}

/** How long ago something was: `12 s ago`; of what is said to be in the future, `now`. */
export function ago(at: string | null | undefined, now: number): string {
  const time = at === null || at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(time)) return NONE;
  return now - time < 1000 ? 'just now' : `${span(now - time)} ago`;
}

/** A share: `0 %`, `<0.1 %`, `3.4 %`, `67 %`, `>99.9 %`. It says nought and all only where it is so. */
export function percent(share: number | undefined | null): string {
  if (share === undefined || share === null || !Number.isFinite(share)) return NONE;
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.1) return '<0.1 %';
  if (value > 99.9) return '>99.9 %';
  return `${value < 9.95 || value > 99 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A count with its thousands apart. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** A count per second: `0`, `0.03`, `1.4`, `250`. */
export function rate(perSecond: number | undefined | null): string {
  if (perSecond === undefined || perSecond === null) return NONE;
  if (perSecond === 0) return '0';
  if (perSecond < 0.995) return perSecond < 0.01 ? '<0.01' : perSecond.toFixed(2);
  return perSecond < 9.95 ? perSecond.toFixed(1) : count(perSecond);
}

/** A size: `312 B`, `4.1 KiB`. */
export function bytes(size: number): string {
  if (size < 1024) return `${Math.round(size)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(size) / 10));
  const value = size / 1024 ** power;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[power - 1] ?? ''}`;
}

/** A time of day by the browser's zone, to the second. */
export function clockTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NONE;
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function two(large: number, unit: string, small: number, part: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${part}`;
}
