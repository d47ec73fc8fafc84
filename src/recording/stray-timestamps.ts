import type { AccessUnit } from '../media/access-unit.ts';
import type { TrackClock } from './track-clock.ts';

/** A unit with a doubtful timestamp waits this long for another one to tell what it is, µs. */
const DOUBT_US = 1_000_000;

/** What {@link StrayTimestamps} does its work for. */
export interface TimestampEvents {
  /** A unit has its place. @param ticks on the track's own timeline */
  onUnit(unit: AccessUnit, ticks: number): void;
  /** The sender began a new timeline with the next unit: the track begins a new clock. */
  onJump(): void;
  /** True just after the other track began a new timeline: one that jumps now needs no second unit. */
  isJumping(nowUs: number): boolean;
}

/**
 * Gives the units of one track their ticks, in the order in which they come. A timestamp that does not
 * follow those before is a stray one, or the first of a new timeline: the unit waits for the next one
 * to tell. A stray one costs no more than itself: its unit is put where it is to be expected, since
 * pictures refer to it.
 */
export class StrayTimestamps {
  /** Units whose timestamp was wrong. */
  count = 0;
  readonly #track: { readonly anchor: { readonly clock: TrackClock } };
  readonly #events: TimestampEvents;
  #doubted: AccessUnit | undefined;
  /** The latest unit, when its timestamp was taken for a stray one. */
  #stray: AccessUnit | undefined;

  /** @param track whose clock is the one in force */
  constructor(track: { readonly anchor: { readonly clock: TrackClock } }, events: TimestampEvents) {
    this.#track = track;
    this.#events = events;
  }

  /** Takes the next unit. */
  push(unit: AccessUnit): void {
    const { clock } = this.#track.anchor;
    const doubted = this.#doubted;
    const goesOn = clock.goesOn(unit.rtpTimestamp, unit.arrivalUs);
    if (doubted === undefined) {
      if (goesOn) this.#place(unit);
      else if (this.#stray !== undefined && clock.follows(this.#stray, unit)) this.#begin(unit);
      else {
        this.#doubted = unit;
        if (this.#events.isJumping(unit.arrivalUs)) this.confirm();
      }
      return;
    }
    this.#doubted = undefined;
    if (clock.follows(doubted, unit) && (!goesOn || !isBefore(unit, doubted))) {
      this.#begin(doubted);
      this.#place(unit);
    } else {
      this.#placeStray(doubted, goesOn ? unit.rtpTimestamp : undefined);
      this.push(unit);
    }
  }

  /** What time brings: a unit that nothing follows is placed. @param nowUs since the Unix epoch */
  tick(nowUs: number): void {
    if (this.#doubted !== undefined && nowUs - this.#doubted.arrivalUs > DOUBT_US) this.flush();
  }

  /** The other track began a new timeline: one that jumps at the same time has done so as well. */
  confirm(): void {
    const doubted = this.#doubted;
    if (doubted === undefined) return;
    if (!this.#track.anchor.clock.isJump(doubted.rtpTimestamp, doubted.arrivalUs)) return;
    this.#doubted = undefined;
    this.#begin(doubted);
  }

  /** Places what waits: the track ends, or begins a new timeline that is certain. */
  flush(): void {
    const doubted = this.#doubted;
    this.#doubted = undefined;
    if (doubted !== undefined) this.#placeStray(doubted, undefined);
  }

  /** Takes a unit that begins something new, as the one after it has shown. */
  #begin(unit: AccessUnit): void {
    const { clock } = this.#track.anchor;
    const { rtpTimestamp, arrivalUs } = unit;
    // Only one came before: that was the stray one. And back by so little that nothing is to be
    // rearranged: time goes on.
    if (clock.isNew) clock.resume(rtpTimestamp, arrivalUs);
    else if (clock.isJump(rtpTimestamp, arrivalUs)) this.#events.onJump();
    else if (clock.isBack(rtpTimestamp)) clock.resume(rtpTimestamp, arrivalUs);
    this.#place(unit);
  }

  #place(unit: AccessUnit): void {
    this.#stray = undefined;
    const { clock } = this.#track.anchor;
    this.#events.onUnit(unit, clock.advance(unit.rtpTimestamp, unit.arrivalUs));
  }

  /** @param next timestamp of the unit after it, if that one is right */
  #placeStray(unit: AccessUnit, next: number | undefined): void {
    this.#stray = unit;
    this.count++;
    this.#events.onUnit(unit, this.#track.anchor.clock.advanceUntimed(unit.arrivalUs, next));
  }
}

function isBefore(unit: AccessUnit, other: AccessUnit): boolean {
  return (unit.rtpTimestamp - other.rtpTimestamp) >>> 0 >= 2 ** 31;
}
