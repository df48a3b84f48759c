import { describe, expect, it } from 'vitest';
import { traceContextOf } from '../../../src/telemetry/trace-context.ts';
import { ended, listening } from './fixtures.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const FOUND = { traceId: TRACE, spanId: SPAN };

describe('traceparent', () => {
  it.each([
    ['of version 00', `00-${TRACE}-${SPAN}-01`, FOUND],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, FOUND],
    ['with flags that are not known yet', `00-${TRACE}-${SPAN}-ff`, FOUND],
    ['of a later version', `01-${TRACE}-${SPAN}-01`, FOUND],
    ['of a later version with more fields', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, FOUND],
    ['of a later version with an empty field', `cc-${TRACE}-${SPAN}-01-`, FOUND],
    ['of a later version with more that is no field', `cc-${TRACE}-${SPAN}-01.what`, undefined],
    ['of version 00 with more fields', `00-${TRACE}-${SPAN}-01-what`, undefined],
    ['of version 00 with an empty field', `00-${TRACE}-${SPAN}-01-`, undefined],
    ['of version ff, which there is not', `ff-${TRACE}-${SPAN}-01`, undefined],
    ['in upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
    ['with a trace id of noughts', `00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
    ['with a parent of noughts', `00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    ['with what is no digit', `00-${TRACE.slice(1)}z-${SPAN}-01`, undefined],
    ['with a trace id that is too long', `00-${TRACE}0-${SPAN}-01`, undefined],
    ['without flags', `00-${TRACE}-${SPAN}`, undefined],
    ['with flags of one digit', `00-${TRACE}-${SPAN}-1`, undefined],
    ['empty', '', undefined],
  ])('%s', (_name, value, expected) => {
    expect(traceContextOf(['accept', '*/*', 'traceparent', value])).toEqual(expected);
  });

  it('is absent, or there twice', () => {
    expect(traceContextOf(['accept', '*/*', 'tracestate', 'a=b'])).toBeUndefined();
    expect(traceContextOf(['traceparent', `00-${TRACE}-${SPAN}-01`, 'traceparent', `00-${TRACE}-${SPAN}-01`])).toBeUndefined();
  });
});

describe('an exchange of a trace', () => {
  const headers = ['traceparent', `00-${TRACE}-${SPAN}-01`];

  it('is logged and found by it, the others without one', () => {
    const { telemetry, logged } = listening();
    telemetry.exchangeEnded(ended({ headers, status: 201 }), 1);
    telemetry.exchangeEnded(ended({ headers: ['traceparent', 'junk'], status: 202 }), 1);
    expect(logged()[0]).toMatchObject(FOUND);
    expect(Object.keys(logged()[1] ?? {})).not.toContain('traceId');
    expect(telemetry.journal.list({ limit: 10, trace: TRACE })).toMatchObject([{ status: 201, ...FOUND }]);
    expect(telemetry.journal.list({ limit: 10, trace: SPAN })).toEqual([]);
    expect(telemetry.journal.list({ limit: 10, trace: '' })).toEqual([]);
  });

  it('leaves no trace to the one that is written over it', () => {
    const { telemetry } = listening({ journalSize: 1 });
    telemetry.exchangeEnded(ended({ headers }), 1);
    telemetry.exchangeEnded(ended({ status: 204 }), 1);
    expect(telemetry.journal.list({ limit: 10, trace: TRACE })).toEqual([]);
    expect(telemetry.journal.list({ limit: 10 }).map((entry) => [entry.status, entry.traceId])).toEqual([[204, undefined]]);
  });

  it('is named in warnings that it gave rise to', () => {
    const { telemetry, logged } = listening();
    telemetry.duplicatePrevented(ended({ headers }), 'held');
    telemetry.warned('api', 'messages', 'quota', 'used up', ended({ headers }));
    telemetry.warned('api', 'messages', 'patience', 'too long');
    expect(logged()).toMatchObject([
      { msg: 'duplicate prevented', id: 'req-1', ...FOUND },
      { msg: 'warning', policy: 'quota', id: 'req-1', ...FOUND },
      { msg: 'warning', policy: 'patience' },
    ]);
    expect(Object.keys(logged()[2] ?? {})).not.toContain('id');
  });
});
