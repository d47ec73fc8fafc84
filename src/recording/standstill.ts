import type { TrackClock } from './track-clock.ts';
import type { WallClockAnchor } from './wall-clock-anchor.ts';

/** Less is left to the lip sync, or is delay that comes and goes, µs. */
const LEAST_US = 250_000;
/** The sender's reports and the arrival times say the same when they are no further apart, µs. */
const AGREE_US = 250_000;
/**
 * A sender that cannot keep up for a moment comes late, and its reports say so where they tell when a
 * packet was sent. It catches up again, so a short pause has to stay before it counts, and a shorter
 * one for longer, µs. A long one counts at once: what comes meanwhile would find its place taken by
 * silence.
 */
const LONG_US = 1_000_000;
const STAYS_US = 600_000;
const SHORT_US = 500_000;
const SHORT_STAYS_US = 3_000_000;
/** Without any report the arrival times have to show this much, µs … */
const LEAST_UNTOLD_US = 1_000_000;
/** … for this long, µs, while the other track comes as ever: what they share is the network. */
const UNTOLD_US = 2_000_000;

/** An error of a leap is corrected from this size on, µs. */
const REMAINDER_US = 20_000;

/** Reports that contradict timely packets for this long are about the sender's clock alone, µs. */
const ADOPTED_US = 5_000_000;

/**
 * Notices that a track's RTP timestamps stood still while time went on: sound that was away for a call
 * or muted, an encoder that was paused, and that go on as if nothing had been. What comes then would
 * lie too early by the length of the pause.
 *
 * Packets that come late may as well have been under way for long, and reports may be wrong about the
 * tracks (bridged sources had such). So neither is believed alone; both together are.
 */
export class Standstill {
  readonly #anchor: WallClockAnchor;
  /** Sender's wall clock minus media time when packets were last in time, µs. */
  #senderOffsetUs: number | undefined;
  /** Since when they are not, µs; 0 while they are. */
  #sinceUs = 0;
  /** Since when they are in time and reports say otherwise, µs; 0 while both agree. */
  #apartSinceUs = 0;
  /** When a pause was made up for that no report has been looked at since, µs; 0 without one. */
  #leapedUs = 0;

  /** @param anchor of the track as long as its timeline lasts */
  constructor(anchor: WallClockAnchor) {
    this.#anchor = anchor;
  }

  /** True while this is the track's anchor. */
  isOf(anchor: WallClockAnchor): boolean {
    return this.#anchor === anchor;
  }

  /** True while it is open whether the timestamps stood still. @param nowUs µs since the Unix epoch */
  isOpen(nowUs: number): boolean {
    return this.#sinceUs > 0 && nowUs - this.#sinceUs <= SHORT_STAYS_US;
  }

  /**
   * How long the timestamps stood still, µs, when that has just become certain, else 0: call some
   * times a second. What the first report after a pause says is left of it comes by itself, and is
   * negative where too much was made up for.
   * @param nowUs µs since the Unix epoch
   * @param otherLatenessUs how much later than usual the other track comes; undefined without one
   */
  lackUs(nowUs: number, otherLatenessUs: number | undefined): number {
    const { clock } = this.#anchor;
    const lateUs = clock.latenessUs(nowUs);
    if (lateUs === undefined) return 0;
    if (lateUs < LEAST_US) {
      this.#sinceUs = 0;
      // A report is from amid a pause unless a packet that is in time comes after it.
      if (clock.latestArrivalUs <= clock.reportedUs || clock.latestLatenessUs >= LEAST_US) return 0;
      const remainderUs = this.#remainderUs(clock);
      this.#note(nowUs, clock.senderOffsetUs);
      return remainderUs;
    }
    if (this.#sinceUs === 0) this.#sinceUs = nowUs;
    if (clock.senderOffsetUs === undefined) return this.#untoldUs(nowUs, lateUs, otherLatenessUs);
    if (this.#senderOffsetUs === undefined) return 0;
    const toldUs = clock.senderOffsetUs - this.#senderOffsetUs;
    if (toldUs < LEAST_US) return 0;
    if (nowUs - this.#sinceUs < staysUs(Math.min(toldUs, lateUs))) return 0;
    // A report from amid the pause tells that they stood still, and not yet for how long.
    if (clock.reportedUs < this.#sinceUs && toldUs < lateUs) return this.#certain(lateUs, nowUs);
    if (Math.abs(toldUs - lateUs) <= AGREE_US) return this.#certain(toldUs, nowUs);
    return 0;
  }

  /** Notes what reports say while packets are in time. */
  #note(nowUs: number, offsetUs: number | undefined): void {
    const before = this.#senderOffsetUs;
    // A report is sooner here than the packets that show the same.
    const isApart =
      offsetUs !== undefined && before !== undefined && Math.abs(offsetUs - before) >= LEAST_US;
    if (!isApart) this.#apartSinceUs = 0;
    else if (this.#apartSinceUs === 0) this.#apartSinceUs = nowUs;
    if (isApart && nowUs - this.#apartSinceUs < ADOPTED_US) return;
    this.#apartSinceUs = 0;
    this.#senderOffsetUs = offsetUs ?? before;
  }

  #untoldUs(nowUs: number, lateUs: number, otherUs: number | undefined): number {
    if (lateUs < LEAST_UNTOLD_US || otherUs === undefined || otherUs > LEAST_US) return 0;
    return nowUs - this.#sinceUs < UNTOLD_US ? 0 : this.#certain(lateUs, nowUs);
  }

  #certain(us: number, nowUs: number): number {
    this.#sinceUs = 0;
    this.#leapedUs = nowUs;
    return us;
  }

  /** What the first report after a pause says is left of it, µs; negative for too much. */
  #remainderUs(clock: TrackClock): number {
    const { senderOffsetUs } = clock;
    if (this.#leapedUs === 0 || clock.reportedUs <= this.#leapedUs) return 0;
    this.#leapedUs = 0;
    if (senderOffsetUs === undefined || this.#senderOffsetUs === undefined) return 0;
    const remainderUs = senderOffsetUs - this.#senderOffsetUs;
    const amountUs = Math.abs(remainderUs);
    return amountUs >= REMAINDER_US && amountUs < LEAST_US ? remainderUs : 0;
  }
}

/** How long a lack has to stay before it is certain, µs. */
function staysUs(lackUs: number): number {
  if (lackUs >= LONG_US) return 0;
  return lackUs < SHORT_US ? SHORT_STAYS_US : STAYS_US;
}
