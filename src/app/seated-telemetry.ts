import type { BreakerTransition } from '../model/events.ts';
import { Telemetry, type TelemetryOptions } from '../telemetry/telemetry.ts';
import type { Seat } from './seat.ts';

/** The telemetry of one process of several: what concerns all of them is passed on, to be counted and logged once. */
export class SeatedTelemetry extends Telemetry {
  readonly #seat: Seat;

  constructor(options: TelemetryOptions, seat: Seat) {
    super({ ...options, processMetrics: false });
    this.#seat = seat;
  }

  override breakerChanged(transition: BreakerTransition): void {
    this.#seat.breakerChanged(transition);
  }
}
