import { SettlingDelay } from './settling-delay.ts';
import type { TrackClock } from './track-clock.ts';
import type { WallClockAnchor } from './wall-clock-anchor.ts';

/** A smaller difference is left to the lip sync, or is a temporary delay, µs. */
const LEAST_US = 250_000;
/** The sender's reports and the arrival times agree if they differ by no more than this, µs. */
const AGREE_US = 250_000;
/** A pause of sound whose place was filled with silence counts at once from this length on, µs. */
const LONG_US = 1_000_000;
/**
 * A sender that is briefly overloaded is late, and its reports confirm that if they contain the
 * time of sending, as those of media servers do. It catches up again, so a pause only counts after it has
 * persisted without becoming shorter, the longer the shorter it is, µs.
 */
const STAYS_US = 600_000;
const SHORT_US = 500_000;
const SHORT_STAYS_US = 3_000_000;
/** The same where the other track is late too, or there is none: it may be the whole sender, or the network. */
const SHARED_STAYS_US = 2_000_000;
/** Without any report, the arrival times must show a difference of at least this, µs, … */
const LEAST_UNTOLD_US = 1_000_000;
/**
 * … for this long, µs, while the other track arrives as usual, which excludes the network that they
 * share.
 */
const UNTOLD_US = 2_000_000;

/** A wrong correction is itself corrected from this size on, µs. */
const REMAINDER_US = 20_000;

/**
 * Reports that contradict timely packets for this long reflect a step of the sender's clock only,
 * µs.
 */
const ADOPTED_US = 5_000_000;

/**
 * Detects RTP timestamps that stood still while time went on: sound that was muted or away for a
 * call, or an encoder that was paused, and that continue as if nothing had happened. The media
 * would then be too early by the length of the pause.
 *
 * Late packets may also have been delayed by the network, and reports may be wrong (bridged sources
 * had such). So neither is trusted alone, only both together.
 */
export class Standstill {
  readonly #anchor: WallClockAnchor;
  /** Sender's wall clock minus media time when packets were last in time, µs. */
  #senderOffsetUs: number | undefined;
  /** When packets began to be late, µs; 0 while they are in time. */
  #sinceUs = 0;
  /** When packets in time and reports began to disagree, µs; 0 while they agree. */
  #apartSinceUs = 0;
  /** Whether the sender, or the network, catches up. */
  readonly #settling = new SettlingDelay();
  /**
   * Time of the last correction until the next report has been evaluated, µs; 0 if there is none.
   */
  #leapedUs = 0;

  /** @param anchor of the track for its current timeline */
  constructor(anchor: WallClockAnchor) {
    this.#anchor = anchor;
  }

  /** True while this is the track's anchor. */
  isOf(anchor: WallClockAnchor): boolean {
    return this.#anchor === anchor;
  }

  /**
   * True while it is undecided whether the timestamps stood still. @param nowUs µs since the Unix
   * epoch
   */
  isOpen(nowUs: number): boolean {
    return this.#sinceUs > 0 && nowUs - this.#sinceUs <= SHORT_STAYS_US;
  }

  /**
   * Returns how long the timestamps stood still, µs, once that is certain, otherwise 0; call it
   * several times a second. The first report after a pause may show a remainder, which is returned
   * by a later call and is negative if the correction was too large.
   * @param nowUs µs since the Unix epoch
   * @param otherLatenessUs current delay of the other track, µs; undefined without one
   */
  lackUs(nowUs: number, otherLatenessUs: number | undefined): number {
    const { clock } = this.#anchor;
    const lateUs = clock.latenessUs(nowUs);
    if (lateUs === undefined) return 0;
    if (lateUs < LEAST_US) {
      this.#sinceUs = 0;
      this.#settling.reset();
      // A report may date from the pause unless a packet in time arrived after it.
      if (clock.latestArrivalUs <= clock.reportedUs || clock.latestLatenessUs >= LEAST_US) return 0;
      const remainderUs = this.#remainderUs(clock);
      this.#note(nowUs, clock.senderOffsetUs);
      return remainderUs;
    }
    if (this.#sinceUs === 0) this.#sinceUs = nowUs;
    this.#settling.note(lateUs, lateUs, nowUs);
    if (clock.senderOffsetUs === undefined) return this.#untoldUs(nowUs, lateUs, otherLatenessUs);
    if (this.#senderOffsetUs === undefined) return 0;
    const toldUs = clock.senderOffsetUs - this.#senderOffsetUs;
    if (toldUs < LEAST_US) return 0;
    const isShared = otherLatenessUs === undefined || otherLatenessUs > LEAST_US;
    const wantedUs = isShared ? SHARED_STAYS_US : staysUs(Math.min(toldUs, lateUs));
    if (this.#settling.steadyUs(nowUs) < wantedUs) return 0;
    // A report from the pause shows that the timestamps stood still, but not for how long.
    if (clock.reportedUs < this.#sinceUs && toldUs < lateUs) return this.#certain(lateUs, nowUs);
    if (Math.abs(toldUs - lateUs) <= AGREE_US) return this.#certain(toldUs, nowUs);
    return 0;
  }

  /**
   * The same for a unit whose place was filled because it did not come for so long: that is decided at once,
   * or the unit would be lost. What its sender has in common with the other track, the network above all, is
   * no reason where that comes in time.
   */
  lackOfFilledUs(nowUs: number, otherLatenessUs: number | undefined): number {
    const lateUs = this.#anchor.clock.latenessUs(nowUs);
    if (lateUs === undefined || lateUs < LONG_US) return 0;
    const lackUs = this.lackUs(nowUs, otherLatenessUs);
    if (lackUs > 0) return lackUs;
    if (otherLatenessUs === undefined || otherLatenessUs > LEAST_US) return 0;
    return this.#certain(lateUs, nowUs);
  }

  /** Remembers what reports say while packets are in time. */
  #note(nowUs: number, offsetUs: number | undefined): void {
    const before = this.#senderOffsetUs;
    // A report arrives earlier than packets that show the same.
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
    return this.#settling.steadyUs(nowUs) < UNTOLD_US ? 0 : this.#certain(lateUs, nowUs);
  }

  #certain(us: number, nowUs: number): number {
    this.#sinceUs = 0;
    this.#settling.reset();
    this.#leapedUs = nowUs;
    return us;
  }

  /**
   * The remainder according to the first report after a pause, µs; negative if the correction was
   * too large.
   */
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

/** How long a difference must persist before it is certain, µs. */
function staysUs(lackUs: number): number {
  return lackUs < SHORT_US ? SHORT_STAYS_US : STAYS_US;
}
