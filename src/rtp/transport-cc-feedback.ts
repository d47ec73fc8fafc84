import { ReplayWindow } from './replay-window.ts';
import { buildTransportCcPacket } from './rtcp-transport-cc.ts';

/**
 * Maximum delay of feedback after the first packet that it covers: what senders get from libwebrtc and pion too.
 */
const INTERVAL_US = 100_000;
/**
 * Maximum number of packets per feedback message, which keeps it within 1200 bytes for any pattern.
 */
const MAXIMUM_PACKETS = 100;
/** Maximum number of packets, received or not, that a feedback message can cover. */
const MAXIMUM_STATUSES = 0xffff;
/** Maximum reordering; a larger gap is a jump of the numbering, not loss. */
const WINDOW_PACKETS = 8192;
/**
 * This many consecutive packets outside the window mean that the sender has restarted its
 * numbering.
 */
const RESYNCHRONIZE_AFTER = 8;
/** Resolution of receive times (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). */
const TICK_US = 250;

/**
 * Reports the arrival time of each packet to the sender by its transport-wide sequence number, so
 * that the sender can estimate the capacity of the path
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). A packet is reported as received exactly
 * once; feedback messages are contiguous and do not overlap. A late packet that was reported
 * missing gets a message of its own.
 */
export class TransportCcFeedback {
  readonly #senderSsrc: number;
  readonly #send: (packet: Buffer) => void;
  readonly #reported = new ReplayWindow(WINDOW_PACKETS);
  /** Packets that have not been reported, by ascending extended sequence number. */
  readonly #sequences = new Float64Array(MAXIMUM_PACKETS);
  readonly #ticks = new Float64Array(MAXIMUM_PACKETS);
  #pending = 0;
  #pendingSinceUs = 0;
  /** Extended sequence number (beyond 16 bits) at which the next feedback starts. */
  #next = -1;
  #outside = 0;
  #lastOutside = 0;
  #feedbackCount = 0;
  #mediaSsrc = 0;

  /**
   * @param senderSsrc our own SSRC
   * @param send sends the finished RTCP packet, alone or at the end of a compound packet
   */
  constructor(senderSsrc: number, send: (packet: Buffer) => void) {
    this.#senderSsrc = senderSsrc;
    this.#send = send;
  }

  /**
   * Takes a packet, as soon as it is authenticated.
   *
   * @param sequenceNumber the transport-wide one from the header extension, 16 bits
   * @param arrivalUs µs since the Unix epoch on the steady clock
   */
  onPacket(sequenceNumber: number, mediaSsrc: number, arrivalUs: number): void {
    const sequence = this.#extend(sequenceNumber);
    if (sequence < 0 || !this.#reported.isNew(sequence)) return;
    this.#reported.mark(sequence);
    this.#mediaSsrc = mediaSsrc;
    if (this.#pending === 0) this.#pendingSinceUs = arrivalUs;
    let position = this.#pending++;
    while (position > 0 && this.#sequences[position - 1]! > sequence) {
      this.#sequences[position] = this.#sequences[position - 1]!;
      this.#ticks[position] = this.#ticks[position - 1]!;
      position--;
    }
    this.#sequences[position] = sequence;
    this.#ticks[position] = Math.floor(arrivalUs / TICK_US);
    if (this.#pending === MAXIMUM_PACKETS) this.#flush();
  }

  /**
   * Sends the feedback that is due. Call it about every 20 ms. @param nowUs µs on the steady clock
   */
  tick(nowUs: number): void {
    if (this.#pending > 0 && nowUs - this.#pendingSinceUs >= INTERVAL_US) this.#flush();
  }

  /** The sequence number without its wrap; -1 for a packet outside the window. */
  #extend(sequenceNumber: number): number {
    const highest = this.#reported.highest;
    if (highest < 0) return this.#restartAt(sequenceNumber);
    const distance = (((sequenceNumber - highest) & 0xffff) << 16) >> 16;
    if (distance > -WINDOW_PACKETS && distance < WINDOW_PACKETS) {
      this.#outside = 0;
      return highest + distance;
    }
    const inOrder = ((sequenceNumber - this.#lastOutside) & 0xffff) < 0x8000;
    this.#outside = inOrder ? this.#outside + 1 : 1;
    this.#lastOutside = sequenceNumber;
    if (this.#outside < RESYNCHRONIZE_AFTER) return -1;
    return this.#restartAt(sequenceNumber);
  }

  /**
   * Continues the numbering from here, far from all before, without reporting the packets between
   * as lost.
   */
  #restartAt(sequenceNumber: number): number {
    this.#flush();
    this.#outside = 0;
    const cycles = Math.floor(this.#reported.highest / 0x10000) + 2;
    this.#next = cycles * 0x10000 + sequenceNumber;
    return this.#next;
  }

  #flush(): void {
    let first = 0;
    while (first < this.#pending) {
      const late = this.#sequences[first]! < this.#next;
      const base = late ? this.#sequences[first]! : this.#next;
      let end = first + 1;
      while (end < this.#pending && this.#fits(end, base, late)) end++;
      const packet = buildTransportCcPacket({
        senderSsrc: this.#senderSsrc,
        mediaSsrc: this.#mediaSsrc,
        feedbackCount: this.#feedbackCount,
        base,
        sequences: this.#sequences.subarray(first, end),
        ticks: this.#ticks.subarray(first, end),
      });
      this.#feedbackCount = (this.#feedbackCount + 1) & 0xff;
      if (!late) this.#next = this.#sequences[end - 1]! + 1;
      first = end;
      this.#send(packet);
    }
    this.#pending = 0;
  }

  /** Whether the pending packet at `position` fits into the same feedback as the previous one. */
  #fits(position: number, base: number, late: boolean): boolean {
    const delta = this.#ticks[position]! - this.#ticks[position - 1]!;
    if (delta < -0x8000 || delta > 0x7fff) return false;
    const sequence = this.#sequences[position]!;
    // The count of covered packets has 16 bits, which several consecutive gaps can exceed.
    if (sequence - base >= MAXIMUM_STATUSES) return false;
    if (!late) return true;
    // Between late packets there are some that were already reported as received.
    return sequence < this.#next && sequence === this.#sequences[position - 1]! + 1;
  }
}
