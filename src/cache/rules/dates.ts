const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const LONG_DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const IMF_FIXDATE = /^([a-z]{3}), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i;
const RFC_850 = /^([a-z]{6,9}), (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i;
const ASCTIME = /^([a-z]{3}) ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i;

/** Years that a two-digit year may lie ahead before it means the century past (RFC 9110 section 5.6.7). */
const FUTURE_YEARS = 50;

/**
 * Reads an HTTP date in its three forms (RFC 9110 section 5.6.7), letters in any case, nothing else: milliseconds since the epoch, or undefined.
 * `now` decides the century of the form of RFC 850.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const imf = IMF_FIXDATE.exec(text);
  if (imf !== null) return DAYS.includes(lower(imf[1])) ? instant(imf[4], imf[3], imf[2], imf[5], imf[6], imf[7]) : undefined;
  const asctime = ASCTIME.exec(text);
  if (asctime !== null)
    return DAYS.includes(lower(asctime[1])) ? instant(asctime[7], asctime[2], asctime[3], asctime[4], asctime[5], asctime[6]) : undefined;
  const old = RFC_850.exec(text);
  if (old === null || !LONG_DAYS.includes(lower(old[1]))) return undefined;
  return instant(String(fullYear(Number(old[4]), new Date(now).getUTCFullYear())), old[3], old[2], old[5], old[6], old[7]);
}

function lower(text: string | undefined): string {
  return (text ?? '').toLowerCase();
}

function fullYear(twoDigits: number, current: number): number {
  const year = current - (current % 100) + twoDigits;
  return year > current + FUTURE_YEARS ? year - 100 : year;
}

type Part = string | undefined;

function instant(year: Part, month: Part, day: Part, hour: Part, minute: Part, second: Part): number | undefined {
  const at = MONTHS.indexOf(lower(month));
  const [d, h, m, s] = [Number(day), Number(hour), Number(minute), Number(second)];
  if (at < 0 || d < 1 || h > 23 || m > 59 || s > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), at, d);
  if (date.getUTCDate() !== d) return undefined;
  date.setUTCHours(h, m, s);
  return date.getTime();
}
