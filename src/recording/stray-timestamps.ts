import type { AccessUnit } from '../media/access-unit.ts';
import type { TrackTicks, Us } from '../media/media-time.ts';
import type { TrackClock } from './track-clock.ts';

/** A unit with a doubtful timestamp waits this long for another one to tell what it is, µs. */
const DOUBT_US = 1_000_000;

/** What {@link StrayTimestamps} asks and tells. */
export interface TimestampEvents {
  /** The sender began a new timeline with the next unit: the track is to begin a new clock. */
  onJump(): void;
  /** True just after the other track began a new timeline: one that jumps now needs no second unit. */
  isJumping(nowUs: Us): boolean;
}

/** What is to be done with the unit in hand. */
type Step = 'judge' | 'place' | 'begin' | 'place as stray';

/**
 * Gives the units of one track their ticks, in the order in which they come. A timestamp that does not
 * follow those before is a stray one, or the first of a new timeline: the unit waits for the next one
 * to tell. A stray one costs no more than itself: its unit is put where it is to be expected, since
 * pictures refer to it.
 *
 * After each call that takes or decides something, all that has its place has to be taken out with
 * {@link StrayTimestamps.next}.
 */
export class StrayTimestamps {
  /** Units whose timestamp was wrong. */
  count = 0;
  /** Where the unit that came out last is, on the track's own timeline. */
  ticks: TrackTicks = 0;
  readonly #track: { readonly anchor: { readonly clock: TrackClock } };
  readonly #events: TimestampEvents;
  #inHand: AccessUnit | undefined;
  #step: Step = 'judge';
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
    this.#inHand = unit;
    this.#step = 'judge';
  }

  /** The next unit that has its place, with its {@link StrayTimestamps.ticks}. */
  next(): AccessUnit | undefined {
    const unit = this.#inHand;
    if (unit === undefined) return undefined;
    const step = this.#step;
    if (step === 'judge') return this.#judge(unit);
    this.#inHand = undefined;
    if (step === 'place') return this.#place(unit);
    if (step === 'begin') return this.#begin(unit);
    return this.#placeStray(unit, undefined);
  }

  #judge(unit: AccessUnit): AccessUnit | undefined {
    const { clock } = this.#track.anchor;
    const doubted = this.#doubted;
    const goesOn = clock.goesOn(unit.rtpTimestamp, unit.arrivalUs);
    if (doubted !== undefined) {
      this.#doubted = undefined;
      if (clock.follows(doubted, unit) && (!goesOn || !isBefore(unit, doubted))) {
        this.#step = 'place';
        return this.#begin(doubted);
      }
      return this.#placeStray(doubted, goesOn ? unit.rtpTimestamp : undefined);
    }
    this.#inHand = undefined;
    if (goesOn) return this.#place(unit);
    if (this.#stray !== undefined && clock.follows(this.#stray, unit)) return this.#begin(unit);
    this.#doubted = unit;
    if (this.#events.isJumping(unit.arrivalUs)) this.confirm();
    return this.next();
  }

  /** What time brings: a unit that nothing follows has its place. */
  tick(nowUs: Us): void {
    if (this.#doubted !== undefined && nowUs - this.#doubted.arrivalUs > DOUBT_US) this.flush();
  }

  /**
   * The other track began a new timeline: one that jumps at the same time has done so as well.
   * @returns true where a unit has its place by that
   */
  confirm(): boolean {
    const doubted = this.#doubted;
    if (doubted === undefined) return false;
    if (!this.#track.anchor.clock.isJump(doubted.rtpTimestamp, doubted.arrivalUs)) return false;
    this.#decide(doubted, 'begin');
    return true;
  }

  /** What waits has its place: the track ends, or begins a new timeline that is certain. */
  flush(): void {
    if (this.#doubted !== undefined) this.#decide(this.#doubted, 'place as stray');
  }

  #decide(doubted: AccessUnit, step: Step): void {
    this.#doubted = undefined;
    this.#inHand = doubted;
    this.#step = step;
  }

  /** Takes a unit that begins something new, as the one after it has shown. */
  #begin(unit: AccessUnit): AccessUnit {
    const { clock } = this.#track.anchor;
    const { rtpTimestamp, arrivalUs } = unit;
    // Only one came before: that was the stray one. And back by so little that nothing is to be
    // rearranged: time goes on.
    if (clock.isNew) clock.resume(rtpTimestamp, arrivalUs);
    else if (clock.isJump(rtpTimestamp, arrivalUs)) this.#events.onJump();
    else if (clock.isBack(rtpTimestamp)) clock.resume(rtpTimestamp, arrivalUs);
    return this.#place(unit);
  }

  #place(unit: AccessUnit): AccessUnit {
    this.#stray = undefined;
    this.ticks = this.#track.anchor.clock.advance(unit.rtpTimestamp, unit.arrivalUs);
    return unit;
  }

  /** @param next timestamp of the unit after it, if that one is right */
  #placeStray(unit: AccessUnit, next: number | undefined): AccessUnit {
    this.#stray = unit;
    this.count++;
    this.ticks = this.#track.anchor.clock.advanceUntimed(unit.arrivalUs, next);
    return unit;
  }
}

function isBefore(unit: AccessUnit, other: AccessUnit): boolean {
  return (unit.rtpTimestamp - other.rtpTimestamp) >>> 0 >= 2 ** 31;
}
