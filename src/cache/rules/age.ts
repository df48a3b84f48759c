import { headerValue, type HeaderList } from '../../model/headers.ts';
import { parseHttpDate } from './dates.ts';
import { deltaSeconds } from './directives.ts';

/** When a response was asked for and came. Milliseconds since the epoch. */
export interface Times {
  readonly requestedAt: number;
  readonly respondedAt: number;
}

/**
 * The age of a response when it came, in milliseconds: the larger of what `Date` shows and what `Age` says plus the time it was under way
 * (`corrected_initial_age`, RFC 9111 section 4.2.3).
 */
export function initialAgeMs(headers: HeaderList, times: Times): number {
  const date = dateOf(headers, times.respondedAt);
  const apparent = Math.max(0, times.respondedAt - date);
  const delay = Math.max(0, times.respondedAt - times.requestedAt);
  // dates tell whole seconds: a part of one is no age
  const whole = apparent < 1000 ? 0 : apparent;
  return Math.max(whole, ageField(headers) * 1000 + delay);
}

/** What `Age` says, in seconds: the first member counts, anything but digits is as if absent (RFC 9111 section 5.1). */
function ageField(headers: HeaderList): number {
  const first = headerValue(headers, 'age')?.split(',')[0]?.trim();
  const seconds = first === undefined ? 'invalid' : deltaSeconds(first);
  return seconds === 'invalid' ? 0 : seconds;
}

/** When the origin made the response; where it does not say, when it came (RFC 9110 section 6.6.1). */
export function dateOf(headers: HeaderList, respondedAt: number): number {
  const date = headerValue(headers, 'date');
  return (date === undefined ? undefined : parseHttpDate(date, respondedAt)) ?? respondedAt;
}

/** The fields with a `Date`: when the response came, where its origin says nothing (RFC 9110 section 6.6.1). */
export function dated(headers: HeaderList, respondedAt: number): HeaderList {
  return headerValue(headers, 'date') === undefined ? headers.concat(['date', new Date(respondedAt).toUTCString()]) : headers;
}
