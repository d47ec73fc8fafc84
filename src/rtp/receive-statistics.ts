import type { ReportBlock } from './rtcp-report-block.ts';
import { timestampDistance } from './sequence-numbers.ts';

/** Limits of the signed 24-bit field for cumulative loss. */
const MAX_CUMULATIVE_LOST = 0x7fffff;
const MIN_CUMULATIVE_LOST = -0x800000;

/** A larger change of transit time is a jump of the sender's clock and not jitter. */
const MAX_TRANSIT_CHANGE_SECONDS = 5;

/**
 * Statistics of a stream for receiver reports (RFC 3550 §6.4.1, §A.3, §A.8).
 *
 * Retransmissions with an SSRC of their own are not counted here (RFC 4588 §6.3), so that the
 * sender sees the actual loss of the network.
 */
export class ReceiveStatistics {
  readonly #ssrc: number;
  /** Extended number of the first packet; earlier cycles are not reported. */
  #first: number | undefined;
  #highest = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #lastTimestamp = 0;
  #lastArrivalUs = 0;
  #lastClockRate = 0;
  #lastSenderReport = 0;
  #lastSenderReportUs = 0;

  /** @param ssrc of the reported stream */
  constructor(ssrc: number) {
    this.#ssrc = ssrc;
  }

  /** Interarrival jitter in ticks (RFC 3550 §A.8), not rounded. */
  get jitter(): number {
    return this.#jitter;
  }

  /**
   * Counts a packet with the stream's own SSRC.
   *
   * @param extended its extended sequence number
   * @param timestamp its RTP timestamp
   * @param arrivalUs µs on the steady clock
   * @param clockRate of its timestamp, Hz; 0 if the payload type is unknown
   */
  receive(extended: number, timestamp: number, arrivalUs: number, clockRate: number): void {
    this.#received++;
    if (this.#first === undefined) {
      this.#first = extended;
      this.#highest = extended;
    } else if (extended > this.#highest) {
      this.#highest = extended;
      if (clockRate > 0 && clockRate === this.#lastClockRate) {
        this.#updateJitter(timestamp, arrivalUs, clockRate);
      }
    } else {
      // Duplicates and retransmitted packets say nothing about the transit time.
      return;
    }
    this.#lastTimestamp = timestamp;
    this.#lastArrivalUs = arrivalUs;
    this.#lastClockRate = clockRate;
  }

  /**
   * Restarts the count because the sequence numbers jumped (`init_seq` of RFC 3550 §A.1). Jitter
   * and the last sender report are kept.
   */
  restartSequence(): void {
    this.#first = undefined;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#lastClockRate = 0;
  }

  /**
   * Takes a sender report.
   *
   * @param ntpMiddle32 middle 32 bits of its NTP time
   * @param arrivalUs µs on the steady clock
   */
  onSenderReport(ntpMiddle32: number, arrivalUs: number): void {
    this.#lastSenderReport = ntpMiddle32;
    this.#lastSenderReportUs = arrivalUs;
  }

  /**
   * The report block for now; the fraction lost covers the time since the previous call.
   *
   * @param nowUs µs on the steady clock
   * @returns undefined before the first packet
   */
  reportBlock(nowUs: number): ReportBlock | undefined {
    if (this.#first === undefined) return undefined;
    const expected = this.#highest - this.#first + 1;
    const expectedInterval = expected - this.#expectedBefore;
    const lostInterval = expectedInterval - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;

    const firstTurn = this.#first - (this.#first & 0xffff);
    return {
      ssrc: this.#ssrc,
      fractionLost:
        expectedInterval > 0 && lostInterval > 0
          ? Math.min(255, Math.floor((lostInterval * 256) / expectedInterval))
          : 0,
      cumulativeLost: Math.max(
        MIN_CUMULATIVE_LOST,
        Math.min(MAX_CUMULATIVE_LOST, expected - this.#received),
      ),
      extendedHighestSequence: (this.#highest - firstTurn) >>> 0,
      jitter: Math.floor(this.#jitter),
      lastSenderReport: this.#lastSenderReport,
      delaySinceLastSenderReport: this.#delaySinceSenderReport(nowUs),
    };
  }

  #updateJitter(timestamp: number, arrivalUs: number, clockRate: number): void {
    const arrivalTicks = ((arrivalUs - this.#lastArrivalUs) * clockRate) / 1e6;
    const change = Math.abs(arrivalTicks - timestampDistance(this.#lastTimestamp, timestamp));
    if (change > MAX_TRANSIT_CHANGE_SECONDS * clockRate) return;
    this.#jitter += (change - this.#jitter) / 16;
  }

  #delaySinceSenderReport(nowUs: number): number {
    if (this.#lastSenderReport === 0) return 0;
    const delay = Math.floor(((nowUs - this.#lastSenderReportUs) * 65_536) / 1e6);
    return Math.max(0, Math.min(0xffffffff, delay));
  }
}
