import type { AccessUnit } from '../media/access-unit.ts';
import type { TrackTicks, Us } from '../media/media-time.ts';
import type { TrackClock } from './track-clock.ts';

/** How long a unit with a doubtful timestamp waits for the next one, µs. */
const DOUBT_US = 1_000_000;

/** Callbacks of {@link StrayTimestamps}. */
export interface TimestampEvents {
  /** The sender began a new timeline with the next unit: the track must begin a new clock. */
  onJump(): void;
  /** True just after the other track began a new timeline: then a jump needs no confirmation. */
  isJumping(nowUs: Us): boolean;
}

/** What to do with the current unit. */
type Step = 'judge' | 'place' | 'begin' | 'place as stray';

/**
 * Assigns ticks to the units of a track in the order of arrival. A timestamp that does not follow
 * the previous ones is either wrong or the first of a new timeline: the unit waits for the next one
 * to decide. A wrong timestamp affects only its own unit, which is placed where it was expected
 * because other pictures refer to it.
 *
 * After each call that takes or decides something, remove all units with a place by
 * {@link StrayTimestamps.next}.
 */
export class StrayTimestamps {
  /** Number of units with a wrong timestamp. */
  count = 0;
  /** Place of the unit that was returned last, on the track's own timeline. */
  ticks: TrackTicks = 0;
  readonly #track: { readonly anchor: { readonly clock: TrackClock } };
  readonly #events: TimestampEvents;
  #inHand: AccessUnit | undefined;
  #step: Step = 'judge';
  #doubted: AccessUnit | undefined;
  /** The latest unit, if its timestamp was considered wrong. */
  #stray: AccessUnit | undefined;

  /** @param track with its current clock */
  constructor(track: { readonly anchor: { readonly clock: TrackClock } }, events: TimestampEvents) {
    this.#track = track;
    this.#events = events;
  }

  /** Takes the next unit. */
  push(unit: AccessUnit): void {
    this.#inHand = unit;
    this.#step = 'judge';
  }

  /** The next unit with a place, which is {@link StrayTimestamps.ticks}. */
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

  /** Does what is due: a unit without a successor gets its place. */
  tick(nowUs: Us): void {
    if (this.#doubted !== undefined && nowUs - this.#doubted.arrivalUs > DOUBT_US) this.flush();
  }

  /**
   * The other track began a new timeline: a jump of this track at the same time is confirmed.
   * @returns true if a unit got its place
   */
  confirm(): boolean {
    const doubted = this.#doubted;
    if (doubted === undefined) return false;
    if (!this.#track.anchor.clock.isJump(doubted.rtpTimestamp, doubted.arrivalUs)) return false;
    this.#decide(doubted, 'begin');
    return true;
  }

  /** Places the waiting unit: the track ends, or certainly begins a new timeline. */
  flush(): void {
    if (this.#doubted !== undefined) this.#decide(this.#doubted, 'place as stray');
  }

  #decide(doubted: AccessUnit, step: Step): void {
    this.#doubted = undefined;
    this.#inHand = doubted;
    this.#step = step;
  }

  /** Takes a unit that begins a new timeline, as the next one has shown. */
  #begin(unit: AccessUnit): AccessUnit {
    const { clock } = this.#track.anchor;
    const { rtpTimestamp, arrivalUs } = unit;
    // Only one unit came before, so that was the wrong one. Time continues if the step back is so
    // small that nothing needs to be reordered.
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

  /** @param next timestamp of the next unit, if that is right */
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
