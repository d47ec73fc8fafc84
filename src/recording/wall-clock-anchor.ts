import type { Ticks, Us } from '../media/media-time.ts';
import { Timescale } from '../media/timescale.ts';
import type { TrackClock } from './track-clock.ts';

/**
 * Sender reports of two tracks may disagree with the arrival times by this much before they count
 * as implausible (bridged sources had reports that were seconds wrong), µs.
 */
const IMPLAUSIBLE_US = 1_000_000;

/**
 * Where a track's own timeline lies in the stream's media time, which is our wall clock but for the
 * slow correction of `StreamClock`: media time = track time + offset. Provisional until the sender's
 * reports are in (Chromium's first one for audio takes some seconds), then locked for as long as the
 * sender's timeline lasts, so that media time is never bent afterwards.
 */
export class WallClockAnchor {
  readonly clock: TrackClock;
  readonly #timescale: Timescale;
  locked = false;
  /** Where the track's own timeline begins in media time, as far as the track can express it. */
  base: Ticks = 0;
  #offsetUs: Us | undefined;
  /** How much later than its place says the least delayed packet came as it was locked, µs. */
  #delayUs = 0;

  constructor(clock: TrackClock) {
    this.clock = clock;
    this.#timescale = new Timescale(clock.clockRate);
  }

  /** µs; undefined before the track's first access unit. */
  get offsetUs(): Us | undefined {
    return this.#offsetUs;
  }

  set offsetUs(us: Us) {
    this.#offsetUs = us;
    this.base = this.#timescale.at(us);
  }

  /** Makes the place final. @param correctionUs our wall clock minus the stream's media time, µs */
  lock(correctionUs: number): void {
    this.locked = true;
    this.#delayUs = this.clock.arrivalOffsetUs - this.offsetUs! - correctionUs;
  }

  /** Our wall clock minus media time, as the least delayed packets of late tell it, µs. */
  get errorUs(): number {
    return this.clock.arrivalOffsetUs - this.offsetUs! - this.#delayUs;
  }
}

/**
 * Sets the offsets of all anchors that are not locked. Where every track has a plausible sender
 * report, the sender's clock decides how the tracks lie to each other (lip sync, whatever the
 * network does), and a locked track, or else the least delayed arrival of any, decides where the
 * sender's clock lies on ours. Otherwise each track stands on its own arrivals, which are right to
 * within the difference of the tracks' delays.
 * @param correctionUs our wall clock minus the stream's media time, µs
 */
export function settle(anchors: readonly WallClockAnchor[], correctionUs: number): void {
  const senderClockUs = senderClockOffset(anchors, correctionUs);
  for (const anchor of anchors) {
    if (anchor.locked) continue;
    anchor.offsetUs =
      senderClockUs === undefined
        ? anchor.clock.arrivalOffsetUs - correctionUs
        : anchor.clock.senderOffsetUs! + senderClockUs;
  }
}

/** True when every track has a sender report, so that waiting longer brings nothing new. */
export function haveReports(anchors: readonly WallClockAnchor[]): boolean {
  return anchors.every((anchor) => anchor.clock.senderOffsetUs !== undefined);
}

/** Media time minus the sender's clock, µs; undefined when the reports are missing or implausible. */
function senderClockOffset(
  anchors: readonly WallClockAnchor[],
  correctionUs: number,
): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  let locked: number | undefined;
  for (const { clock, offsetUs, locked: isLocked } of anchors) {
    if (clock.senderOffsetUs === undefined) return undefined;
    const delay = clock.arrivalOffsetUs - clock.senderOffsetUs;
    least = Math.min(least, delay);
    most = Math.max(most, delay);
    if (isLocked) locked = offsetUs! - clock.senderOffsetUs;
  }
  if (most - least > IMPLAUSIBLE_US) return undefined;
  return locked ?? least - correctionUs;
}
