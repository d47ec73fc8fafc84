import { type Ticks, toUs, type Us } from '../media/media-time.ts';
import { Timescale } from '../media/timescale.ts';
import type { TrackClock } from './track-clock.ts';

/**
 * Sender reports of two tracks may disagree with the arrival times by this much before they count
 * as implausible (those of bridged sources were wrong by seconds), µs.
 */
const IMPLAUSIBLE_US = 1_000_000;

/**
 * The place of a track's own timeline in the stream's media time, which is our wall clock except
 * for the slow correction of `StreamClock`: media time = track time + offset. It is provisional
 * until the sender reports are available (Chromium's first one for audio takes some seconds), then
 * locked for the duration of the sender's timeline, so that media time is never changed afterwards.
 */
export class WallClockAnchor {
  readonly clock: TrackClock;
  readonly #timescale: Timescale;
  locked = false;
  /** Start of the track's own timeline in media time, rounded to the track's ticks. */
  base: Ticks = 0;
  #offsetUs: Us | undefined;
  /** Delay of the least delayed packet relative to its place when the anchor was locked, µs. */
  #delayUs = 0;
  #before: WallClockAnchor | undefined;
  /**
   * The place at which the timeline goes on as if its timestamps had not stood still, and its packets were late
   * alone, µs; undefined if it does not go on with another one.
   */
  continuedUs: Us | undefined;

  /** @param before of the timeline of the track before this one */
  constructor(clock: TrackClock, before?: WallClockAnchor) {
    this.clock = clock;
    this.#before = before;
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

  /** Compares the first timestamp with those of the timeline before. */
  begin(): void {
    const before = this.#before;
    this.#before = undefined;
    const aheadUs = before?.locked ? before.clock.aheadOfUs(this.clock) : undefined;
    if (aheadUs !== undefined) this.continuedUs = before!.offsetUs! + aheadUs;
  }

  /**
   * Moves the place to a later one, by no less than this: a sum of µs since the Unix epoch is too coarse
   * to tell on which side of half a tick it is.
   */
  delay(ticks: Ticks): void {
    const base = this.#timescale.ceil(this.base + ticks);
    this.offsetUs = this.#offsetUs! + toUs(ticks);
    this.base = base;
  }

  /** Makes the place final. @param correctionUs our wall clock minus the stream's media time, µs */
  lock(correctionUs: number): void {
    this.locked = true;
    this.#delayUs = this.clock.arrivalOffsetUs - this.offsetUs! - correctionUs;
  }

  /** Our wall clock minus media time, according to the least delayed recent packets, µs. */
  get errorUs(): number {
    return this.clock.arrivalOffsetUs - this.offsetUs! - this.#delayUs;
  }
}

/**
 * Sets the offsets of all anchors that are not locked. If every track has a plausible sender
 * report, the sender's clock determines the tracks' relation to each other (lip sync, regardless of
 * the network), and a locked track, or else the least delayed arrival of any, determines the
 * sender's clock on ours. Otherwise each track is placed by its own arrivals, with an error of the
 * difference of the tracks' delays.
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

/**
 * True if every track has a sender report, and these agree with the arrival times, so that further
 * waiting has no use. Media servers begin with reports of tracks that they have not forwarded anything
 * of, whose timestamps are of no timeline.
 */
export function havePlausibleReports(anchors: readonly WallClockAnchor[]): boolean {
  return senderClockOffset(anchors, 0) !== undefined;
}

/** Media time minus the sender's clock, µs; undefined if reports are missing or implausible. */
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
