import { LeastDelay } from '../clock/least-delay.ts';

/** Half of the 32-bit RTP timestamp circle: a step of more goes the other way round. */
const HALF_CIRCLE = 2 ** 31;
const CIRCLE = 2 ** 32;
/** How long the least delayed arrival of a track stays valid, µs. */
const WINDOW_US = 30_000_000;
/** The same for how much packets are delayed at present, µs … */
const RECENT_US = 500_000;
/** … which is unknown when none came for this long, µs. */
const QUIET_US = 500_000;
/**
 * Timestamps whose steps differ by this much from the arrival times are not delay but a sender that
 * began a new timeline, µs.
 */
const JUMP_US = 5_000_000;
/** So are timestamps that step back by more than this, µs: nothing is sent out of order in WebRTC. */
const BACK_US = 1_000_000;
/** So is a packet that came this much earlier than the least delayed recent one: none is that fast, µs. */
const AHEAD_US = 1_000_000;
/** Before this much of a track was heard, its first packets may have been late, µs. */
const ACQUAINTED_US = 2_000_000;
/** Units are at most so far apart while a track is sent without a pause, µs. */
const MOST_STEP_US = 1_000_000;

/**
 * The clock of one track: RTP timestamps made continuous, and what ties them to wall-clock time.
 * After moonfire-nvr's observation that network delay is never negative, the least delayed arrival
 * of the last half minute stands for "no delay" where the sender says nothing.
 */
export class TrackClock {
  readonly clockRate: number;
  /** By how much a timestamp may step otherwise than the arrival times before it is doubted, µs. */
  readonly #toleranceUs: number;
  /** Ticks of the latest timestamp, continuous over wraps; starts at the first timestamp. */
  #latest: number | undefined;
  /** Ticks that timestamps lack, since the sender's stood still or went back. */
  #skew = 0;
  /** Ticks between the latest two timestamps. */
  #step = 1;
  #firstArrivalUs = 0;
  #latestArrivalUs = 0;
  /** Arrival − media time of the latest unit, µs; infinite where its timestamp was wrong. */
  #latestOffsetUs = 0;
  /** Least (arrival − media time) of the last half minute and of the last second, µs. */
  readonly #least = new LeastDelay(WINDOW_US);
  readonly #leastRecent = new LeastDelay(RECENT_US);
  /** Sender's wall clock minus media time as its last report says, µs. */
  #senderOffsetUs: number | undefined;
  /** Arrival of that report, µs. */
  #reportedUs = 0;

  /**
   * @param clockRate ticks a second of the RTP timestamp
   * @param toleranceUs by how much timestamps may step otherwise than the arrival times, and back,
   *   before they are doubted, µs
   */
  constructor(clockRate: number, toleranceUs = BACK_US) {
    this.clockRate = clockRate;
    this.#toleranceUs = toleranceUs;
  }

  /** True when a timestamp follows those before it; otherwise the next one tells what it is. */
  goesOn(timestamp: number, arrivalUs: number): boolean {
    if (this.#latest === undefined) return true;
    const stepUs = this.toUs(this.#unwrap(timestamp) - this.#latest);
    if (!this.#isStep(stepUs, arrivalUs - this.#latestArrivalUs, JUMP_US)) return false;
    return !this.isJump(timestamp, arrivalUs);
  }

  /** True when the second of two timestamps follows the first, whatever came before. */
  follows(
    first: { rtpTimestamp: number; arrivalUs: number },
    second: { rtpTimestamp: number; arrivalUs: number },
  ): boolean {
    const stepUs = this.toUs(wrapped(second.rtpTimestamp - first.rtpTimestamp));
    return this.#isStep(stepUs, second.arrivalUs - first.arrivalUs, AHEAD_US);
  }

  /** True when a timestamp is so far from those before it that it can only be of a new timeline. */
  isJump(timestamp: number, arrivalUs: number): boolean {
    if (this.#latest === undefined) return false;
    const ticks = this.#unwrap(timestamp);
    const stepUs = this.toUs(ticks - this.#latest);
    if (stepUs < -BACK_US) return true;
    if (Math.abs(stepUs - (arrivalUs - this.#latestArrivalUs)) > JUMP_US) return true;
    if (arrivalUs - this.#firstArrivalUs < ACQUAINTED_US) return false;
    return arrivalUs - this.toUs(ticks) < this.arrivalOffsetUs - AHEAD_US;
  }

  /** True when a timestamp lies before the latest one. */
  isBack(timestamp: number): boolean {
    return this.#latest !== undefined && this.#unwrap(timestamp) < this.#latest;
  }

  /** True when no more than one timestamp was taken. */
  get isNew(): boolean {
    return this.#latestArrivalUs === this.#firstArrivalUs;
  }

  /**
   * Takes a timestamp (RFC 3550 §5.1). @returns its continuous ticks
   * @param timestamp 32 bits, as received
   * @param arrivalUs arrival of its packet, µs since the Unix epoch
   */
  advance(timestamp: number, arrivalUs: number): number {
    const ticks = this.#unwrap(timestamp);
    if (this.#latest === undefined) this.#firstArrivalUs = arrivalUs;
    else if (ticks > this.#latest && this.toUs(ticks - this.#latest) < MOST_STEP_US) {
      this.#step = ticks - this.#latest;
    }
    if (this.#latest === undefined || ticks > this.#latest) {
      this.#latest = ticks;
      this.#latestArrivalUs = arrivalUs;
    }
    const offsetUs = arrivalUs - this.toUs(ticks);
    if (ticks === this.#latest) this.#latestOffsetUs = offsetUs;
    this.#least.note(offsetUs, arrivalUs);
    this.#leastRecent.note(offsetUs, arrivalUs);
    return ticks;
  }

  /**
   * Takes a unit whose timestamp is wrong. @returns the ticks at which it is to be expected, by the
   * pace of those before
   * @param arrivalUs arrival of its packet, µs since the Unix epoch
   * @param next timestamp of the unit after it, if that one is right
   */
  advanceUntimed(arrivalUs: number, next: number | undefined): number {
    let ticks = this.#expected(arrivalUs);
    const limit = next === undefined ? Number.POSITIVE_INFINITY : this.#unwrap(next);
    if (ticks >= limit) ticks = Math.max(limit - this.#step, this.#latest! + 1);
    this.#latest = ticks;
    this.#latestArrivalUs = arrivalUs;
    this.#latestOffsetUs = Number.POSITIVE_INFINITY;
    return ticks;
  }

  /**
   * Lets the sender's timestamps go on where they are to be expected, by the pace of those before.
   * @param timestamp the first of them
   */
  resume(timestamp: number, arrivalUs: number): void {
    this.#skew += this.#expected(arrivalUs) - this.#unwrap(timestamp);
    this.#senderOffsetUs = undefined;
  }

  /** Time passed that the sender's timestamps do not know of: they lie later from now on. @param us */
  leap(us: number): void {
    this.#skew += Math.round((us / 1e6) * this.clockRate);
    this.#leastRecent.reset();
    // A report from amid a pause says nothing of the time after it.
    this.#senderOffsetUs = undefined;
  }

  /**
   * Takes what a sender report says (RFC 3550 §6.4.1).
   * @param ntpUs the sender's wall clock, µs since the Unix epoch
   * @param rtpTimestamp the same instant on the track's timeline, 32 bits
   * @param arrivalUs its arrival, µs since the Unix epoch
   */
  report(ntpUs: number, rtpTimestamp: number, arrivalUs: number): void {
    if (this.#latest === undefined) return;
    this.#senderOffsetUs = ntpUs - this.toUs(this.#unwrap(rtpTimestamp));
    this.#reportedUs = arrivalUs;
  }

  /** Ticks as µs on the track's own timeline. */
  toUs(ticks: number): number {
    return (ticks / this.clockRate) * 1e6;
  }

  /** Sender's wall clock minus media time, µs; undefined before a sender report. */
  get senderOffsetUs(): number | undefined {
    return this.#senderOffsetUs;
  }

  /** Arrival of the latest sender report, µs since the Unix epoch; 0 before one. */
  get reportedUs(): number {
    return this.#reportedUs;
  }

  /** Our wall clock minus media time for the least delayed packet, µs; infinite before a packet. */
  get arrivalOffsetUs(): number {
    return this.#least.value;
  }

  /**
   * How much later packets come at present than the least delayed one of the last half minute, µs;
   * undefined when none came of late.
   * @param nowUs µs since the Unix epoch
   */
  latenessUs(nowUs: number): number | undefined {
    const recent = this.#leastRecent.value;
    if (nowUs - this.#latestArrivalUs > QUIET_US || !Number.isFinite(recent)) return undefined;
    return recent - this.arrivalOffsetUs;
  }

  /**
   * How much later the latest packet came than the least delayed one of the last half minute, µs;
   * infinite where its timestamp was wrong.
   */
  get latestLatenessUs(): number {
    return this.#latestOffsetUs - this.arrivalOffsetUs;
  }

  /** Arrival of the latest packet, µs since the Unix epoch; 0 before one. */
  get latestArrivalUs(): number {
    return this.#latestArrivalUs;
  }

  /** @param mostLateUs how much longer the second may have been under way than the first, µs */
  #isStep(stepUs: number, elapsedUs: number, mostLateUs: number): boolean {
    const aheadUs = stepUs - elapsedUs;
    return stepUs >= -this.#toleranceUs && aheadUs <= this.#toleranceUs && aheadUs >= -mostLateUs;
  }

  /** Where a unit is to be expected: a whole number of steps after the latest one. */
  #expected(arrivalUs: number): number {
    if (this.#latest === undefined) return 0;
    const elapsed = ((arrivalUs - this.#latestArrivalUs) / 1e6) * this.clockRate;
    return this.#latest + this.#step * Math.max(1, Math.round(elapsed / this.#step));
  }

  #unwrap(timestamp: number): number {
    const ticks = timestamp + this.#skew;
    if (this.#latest === undefined) return ticks;
    return this.#latest + wrapped(ticks - this.#latest);
  }
}

/** A difference of timestamps the shorter way round their circle. */
function wrapped(difference: number): number {
  const step = difference % CIRCLE;
  if (step < -HALF_CIRCLE) return step + CIRCLE;
  return step >= HALF_CIRCLE ? step - CIRCLE : step;
}
