/** Half of the 32-bit RTP timestamp circle: a step of more goes the other way round. */
const HALF_CIRCLE = 2 ** 31;
const CIRCLE = 2 ** 32;
/** How long the least delayed arrival of a track stays valid, µs. */
const WINDOW_US = 30_000_000;
/**
 * Timestamps that step by so much more or less than the arrival times are not delay but a sender that
 * began a new timeline, µs.
 */
const JUMP_US = 5_000_000;
/** So are timestamps that step back by more than this, µs: nothing is sent out of order in WebRTC. */
const BACK_US = 1_000_000;
/** So is a packet that came so much earlier than the least delayed one of late: none is that fast, µs. */
const AHEAD_US = 1_000_000;
/** Before this much of a track was heard, its first packets may have been late, µs. */
const ACQUAINTED_US = 2_000_000;

/**
 * The clock of one track: RTP timestamps made continuous, and what ties them to wall-clock time.
 * After moonfire-nvr's observation that network delay is never negative, the least delayed arrival
 * of the last half minute stands for "no delay" where the sender says nothing.
 */
export class TrackClock {
  readonly clockRate: number;
  /** Ticks of the latest timestamp, continuous over wraps; starts at the first timestamp. */
  #latest: number | undefined;
  #firstArrivalUs = 0;
  #latestArrivalUs = 0;
  /** Least (arrival − media time) in the running and in the previous window, µs. */
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #windowStartUs = 0;
  /** Sender's wall clock minus media time as its last report says, µs. */
  #senderOffsetUs: number | undefined;

  /** @param clockRate ticks a second of the RTP timestamp */
  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  /**
   * Continuous ticks of an RTP timestamp (RFC 3550 §5.1).
   * @param timestamp 32 bits, as received
   * @param arrivalUs arrival of its packet, µs since the Unix epoch
   * @returns undefined when the sender's timeline jumped: the caller begins a new clock
   */
  advance(timestamp: number, arrivalUs: number): number | undefined {
    const ticks = this.#unwrap(timestamp);
    if (this.#latest === undefined) this.#firstArrivalUs = arrivalUs;
    else if (this.#isJump(this.toUs(ticks - this.#latest), ticks, arrivalUs)) return undefined;
    if (this.#latest === undefined || ticks > this.#latest) {
      this.#latest = ticks;
      this.#latestArrivalUs = arrivalUs;
    }
    this.#noteArrival(arrivalUs - this.toUs(ticks), arrivalUs);
    return ticks;
  }

  /**
   * Takes what a sender report says (RFC 3550 §6.4.1).
   * @param ntpUs the sender's wall clock, µs since the Unix epoch
   * @param rtpTimestamp the same instant on the track's timeline, 32 bits
   */
  report(ntpUs: number, rtpTimestamp: number): void {
    if (this.#latest === undefined) return;
    this.#senderOffsetUs = ntpUs - this.toUs(this.#unwrap(rtpTimestamp));
  }

  /** Ticks as µs on the track's own timeline. */
  toUs(ticks: number): number {
    return (ticks / this.clockRate) * 1e6;
  }

  /** Sender's wall clock minus media time, µs; undefined before a sender report. */
  get senderOffsetUs(): number | undefined {
    return this.#senderOffsetUs;
  }

  /** Our wall clock minus media time for the least delayed packet, µs; infinite before a packet. */
  get arrivalOffsetUs(): number {
    return Math.min(this.#least, this.#leastBefore);
  }

  /** Arrival of the latest packet, µs since the Unix epoch; 0 before one. */
  get latestArrivalUs(): number {
    return this.#latestArrivalUs;
  }

  #isJump(stepUs: number, ticks: number, arrivalUs: number): boolean {
    if (stepUs < -BACK_US) return true;
    if (Math.abs(stepUs - (arrivalUs - this.#latestArrivalUs)) > JUMP_US) return true;
    if (arrivalUs - this.#firstArrivalUs < ACQUAINTED_US) return false;
    return arrivalUs - this.toUs(ticks) < this.arrivalOffsetUs - AHEAD_US;
  }

  #unwrap(timestamp: number): number {
    if (this.#latest === undefined) return timestamp;
    let step = (timestamp - this.#latest) % CIRCLE;
    if (step < -HALF_CIRCLE) step += CIRCLE;
    else if (step >= HALF_CIRCLE) step -= CIRCLE;
    return this.#latest + step;
  }

  #noteArrival(offsetUs: number, arrivalUs: number): void {
    if (arrivalUs - this.#windowStartUs > WINDOW_US) {
      this.#leastBefore = this.#windowStartUs === 0 ? Number.POSITIVE_INFINITY : this.#least;
      this.#least = offsetUs;
      this.#windowStartUs = arrivalUs;
    } else if (offsetUs < this.#least) this.#least = offsetUs;
  }
}
