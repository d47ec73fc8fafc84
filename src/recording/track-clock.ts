import { LeastDelay } from '../clock/least-delay.ts';

/** Half of the 32-bit range of RTP timestamps: a larger step goes in the other direction. */
const HALF_CIRCLE = 2 ** 31;
const CIRCLE = 2 ** 32;
/** How long the least delayed arrival of a track stays valid, µs. */
const WINDOW_US = 30_000_000;
/** The same for the current delay of packets, µs. */
const RECENT_US = 500_000;
/** The current delay is unknown if no packet arrived for this long, µs. */
const QUIET_US = 500_000;
/**
 * A step of the timestamp that differs by this much from that of the arrival times is not a delay
 * but a new timeline of the sender, µs.
 */
const JUMP_US = 5_000_000;
/** So is a step back by more than this, µs: WebRTC senders send in order. */
const BACK_US = 1_000_000;
/**
 * So is a packet that is this much earlier than the least delayed recent one, which no network path
 * explains, µs.
 */
const AHEAD_US = 1_000_000;
/** Within this time from the start of a track, its packets may all have been late, µs. */
const ACQUAINTED_US = 2_000_000;
/** Maximum distance of units in a track that is sent without a pause, µs. */
const MOST_STEP_US = 1_000_000;

/**
 * The clock of a track: makes RTP timestamps continuous and relates them to wall-clock time.
 * Network delay is never negative, as moonfire-nvr observes, so without sender reports the least
 * delayed arrival of the last half minute counts as having no delay.
 */
export class TrackClock {
  readonly clockRate: number;
  /**
   * A timestamp is doubted if its step differs from that of the arrival times by more than this,
   * µs.
   */
  readonly #toleranceUs: number;
  /** Ticks of the latest timestamp, continuous over wraps; begins at the first timestamp. */
  #latest: number | undefined;
  /** Ticks to add to timestamps, because the sender's stood still or went back. */
  #skew = 0;
  /** Ticks between the latest two timestamps. */
  #step = 1;
  #firstArrivalUs = 0;
  #latestArrivalUs = 0;
  /** Arrival − media time of the latest unit, µs; infinite if its timestamp was wrong. */
  #latestOffsetUs = 0;
  /** Minimum of (arrival − media time) over the last half minute and the last second, µs. */
  readonly #least = new LeastDelay(WINDOW_US);
  readonly #leastRecent = new LeastDelay(RECENT_US);
  /** Arrival − media time of the latest unit that came after one which is shown later, and its arrival, µs. */
  #reorderedOffsetUs = 0;
  #reorderedUs = Number.NEGATIVE_INFINITY;
  /** Sender's wall clock minus media time according to its last report, µs. */
  #senderOffsetUs: number | undefined;
  /** Arrival of that report, µs. */
  #reportedUs = 0;

  /**
   * @param clockRate of the RTP timestamp, Hz
   * @param toleranceUs a timestamp is doubted if its step differs from that of the arrival times,
   * or goes back, by more than this, µs
   */
  constructor(clockRate: number, toleranceUs = BACK_US) {
    this.clockRate = clockRate;
    this.#toleranceUs = toleranceUs;
  }

  /** True if a timestamp follows the previous ones; otherwise the next one decides. */
  goesOn(timestamp: number, arrivalUs: number): boolean {
    if (this.#latest === undefined) return true;
    const stepUs = this.toUs(this.#unwrap(timestamp) - this.#latest);
    if (!this.#isStep(stepUs, arrivalUs - this.#latestArrivalUs, JUMP_US)) return false;
    return !this.isJump(timestamp, arrivalUs);
  }

  /** True if the second of two timestamps follows the first, regardless of earlier ones. */
  follows(
    first: { rtpTimestamp: number; arrivalUs: number },
    second: { rtpTimestamp: number; arrivalUs: number },
  ): boolean {
    const stepUs = this.toUs(wrapped(second.rtpTimestamp - first.rtpTimestamp));
    return this.#isStep(stepUs, second.arrivalUs - first.arrivalUs, AHEAD_US);
  }

  /** True if a timestamp is so far from the previous ones that it must belong to a new timeline. */
  isJump(timestamp: number, arrivalUs: number): boolean {
    if (this.#latest === undefined) return false;
    const ticks = this.#unwrap(timestamp);
    const stepUs = this.toUs(ticks - this.#latest);
    if (stepUs < -BACK_US) return true;
    if (Math.abs(stepUs - (arrivalUs - this.#latestArrivalUs)) > JUMP_US) return true;
    if (arrivalUs - this.#firstArrivalUs < ACQUAINTED_US) return false;
    return arrivalUs - this.toUs(ticks) < this.arrivalOffsetUs - AHEAD_US;
  }

  /** True if a timestamp is earlier than the latest one. */
  isBack(timestamp: number): boolean {
    return this.#latest !== undefined && this.#unwrap(timestamp) < this.#latest;
  }

  /** Time from the arrival of the first packet to that of the latest, µs. */
  get ageUs(): number {
    return this.#latestArrivalUs - this.#firstArrivalUs;
  }

  /** True if at most one timestamp was taken. */
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
    else {
      this.#reorderedOffsetUs = offsetUs;
      this.#reorderedUs = arrivalUs;
    }
    this.#least.note(offsetUs, arrivalUs);
    this.#leastRecent.note(offsetUs, arrivalUs);
    return ticks;
  }

  /**
   * Takes a unit whose timestamp is wrong. @returns the ticks at which it is expected according to
   * the rate of earlier units
   * @param arrivalUs arrival of its packet, µs since the Unix epoch
   * @param next timestamp of the next unit, if that is right
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
   * Continues with the sender's timestamps where they are expected according to the rate of earlier
   * units.
   * @param timestamp the first of them
   */
  resume(timestamp: number, arrivalUs: number): void {
    this.#skew += this.#expected(arrivalUs) - this.#unwrap(timestamp);
    this.#senderOffsetUs = undefined;
  }

  /**
   * Time passed that the sender's timestamps do not include: later media moves by this. @param us
   * µs
   * @returns the same in ticks
   */
  leap(us: number): number {
    const ticks = Math.round((us / 1e6) * this.clockRate);
    this.#skew += ticks;
    this.#leastRecent.reset();
    // A report from the pause says nothing about the time after it.
    this.#senderOffsetUs = undefined;
    return ticks;
  }

  /**
   * Takes a sender report (RFC 3550 §6.4.1).
   * @param ntpUs the sender's wall clock, µs since the Unix epoch
   * @param rtpTimestamp the same instant on the track's timeline, 32 bits
   * @param arrivalUs its arrival, µs since the Unix epoch
   */
  report(ntpUs: number, rtpTimestamp: number, arrivalUs: number): void {
    if (this.#latest === undefined) return;
    const mediaUs = this.toUs(this.#unwrap(rtpTimestamp));
    if (this.#isOfReordered(arrivalUs - mediaUs, arrivalUs)) return;
    this.#senderOffsetUs = ntpUs - mediaUs;
    this.#reportedUs = arrivalUs;
  }

  /**
   * True if a report fits pictures that are sent later than they are shown better than others: media servers
   * (pion, webrtc-rs) report the timestamp that they forwarded last plus the time since. It is wrong by the
   * reordering, so it must not move anything.
   */
  #isOfReordered(offsetUs: number, arrivalUs: number): boolean {
    const recent = this.#leastRecent.value;
    if (arrivalUs - this.#reorderedUs > QUIET_US || !Number.isFinite(recent)) return false;
    return Math.abs(offsetUs - this.#reorderedOffsetUs) < Math.abs(offsetUs - recent);
  }

  /**
   * How much later the times of another clock are on this one's timeline, µs, where its latest timestamp
   * follows ours, and no more media than time is between them; undefined otherwise.
   */
  aheadOfUs(other: TrackClock): number | undefined {
    if (this.#latest === undefined || other.#latest === undefined) return undefined;
    if (other.clockRate !== this.clockRate) return undefined;
    const ticks = this.#unwrap(other.#latest);
    const stepUs = this.toUs(ticks - this.#latest);
    if (stepUs < 0 || stepUs > other.#latestArrivalUs - this.#latestArrivalUs) return undefined;
    return this.toUs(ticks - other.#latest);
  }

  /** Converts ticks to µs on the track's own timeline. */
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

  /** The same for packets of the last half second to second, µs. */
  get recentOffsetUs(): number {
    return this.#leastRecent.value;
  }

  /**
   * Current delay of packets relative to the least delayed one of the last half minute, µs;
   * undefined if none arrived lately.
   * @param nowUs µs since the Unix epoch
   */
  latenessUs(nowUs: number): number | undefined {
    const recent = this.#leastRecent.value;
    if (nowUs - this.#latestArrivalUs > QUIET_US || !Number.isFinite(recent)) return undefined;
    return recent - this.arrivalOffsetUs;
  }

  /**
   * Delay of the latest packet relative to the least delayed one of the last half minute, µs;
   * infinite if its timestamp was wrong.
   */
  get latestLatenessUs(): number {
    return this.#latestOffsetUs - this.arrivalOffsetUs;
  }

  /** Arrival of the latest packet, µs since the Unix epoch; 0 before one. */
  get latestArrivalUs(): number {
    return this.#latestArrivalUs;
  }

  /** @param mostLateUs maximum additional delay of the second packet, µs */
  #isStep(stepUs: number, elapsedUs: number, mostLateUs: number): boolean {
    const aheadUs = stepUs - elapsedUs;
    return stepUs >= -this.#toleranceUs && aheadUs <= this.#toleranceUs && aheadUs >= -mostLateUs;
  }

  /** Where a unit is expected: an integer number of steps after the latest one. */
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

/** A difference of timestamps in the shorter direction. */
function wrapped(difference: number): number {
  const step = difference % CIRCLE;
  if (step < -HALF_CIRCLE) return step + CIRCLE;
  return step >= HALF_CIRCLE ? step - CIRCLE : step;
}
