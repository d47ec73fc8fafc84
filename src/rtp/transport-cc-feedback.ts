import { ReplayWindow } from './replay-window.ts';
import { buildTransportCcPacket } from './rtcp-transport-cc.ts';

/** Feedback at the latest this long after the first packet that it tells of. */
const INTERVAL_US = 50_000;
/** Feedback at the latest after this many packets: keeps it within 1,200 bytes whatever the pattern. */
const MAXIMUM_PACKETS = 100;
/** Packets, received or not, that one feedback can tell of. */
const MAXIMUM_STATUSES = 0xffff;
/** How far packets may be out of order; a gap beyond it is a jump of the numbering, not loss. */
const WINDOW_PACKETS = 8192;
/** So many packets in a row from outside the window mean that the sender numbers anew. */
const RESYNCHRONIZE_AFTER = 8;
/** Resolution of receive times (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). */
const TICK_US = 250;

/**
 * Tells the sender when each packet arrived, by its transport-wide sequence number, so that it can
 * find out what the path carries (draft-holmer-rmcat-transport-wide-cc-extensions-01). A packet is
 * reported as received exactly once; feedback follows feedback without gap or overlap. A late packet,
 * reported missing before, gets feedback of its own.
 */
export class TransportCcFeedback {
  readonly #senderSsrc: number;
  readonly #send: (packet: Buffer) => void;
  readonly #reported = new ReplayWindow(WINDOW_PACKETS);
  /** Not reported yet, by rising extended sequence number. */
  readonly #sequences = new Float64Array(MAXIMUM_PACKETS);
  readonly #ticks = new Float64Array(MAXIMUM_PACKETS);
  #pending = 0;
  #pendingSinceUs = 0;
  /** Extended sequence number (beyond 16 bits) that the next feedback starts at. */
  #next = -1;
  #outside = 0;
  #lastOutside = 0;
  #feedbackCount = 0;
  #mediaSsrc = 0;

  /**
   * @param senderSsrc our own SSRC
   * @param send takes the finished RTCP packets, alone or at the end of a compound one
   */
  constructor(senderSsrc: number, send: (packet: Buffer) => void) {
    this.#senderSsrc = senderSsrc;
    this.#send = send;
  }

  /**
   * Takes note of a packet, as soon as it is authenticated.
   *
   * @param sequenceNumber the transport-wide one from the header extension, 16 bits
   * @param arrivalUs µs since the Unix epoch on our steady clock
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

  /** Sends the feedback that is due. Call it every 20 ms or so with the steady clock's µs. */
  tick(nowUs: number): void {
    if (this.#pending > 0 && nowUs - this.#pendingSinceUs >= INTERVAL_US) this.#flush();
  }

  /** The sequence number without its wrap; -1 for a packet from outside the window. */
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

  /** Numbers on from here, far from all before, without reporting what lies between as lost. */
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

  /** Whether the pending packet at `position` can go into the same feedback as the one before it. */
  #fits(position: number, base: number, late: boolean): boolean {
    const delta = this.#ticks[position]! - this.#ticks[position - 1]!;
    if (delta < -0x8000 || delta > 0x7fff) return false;
    const sequence = this.#sequences[position]!;
    // The count of packets told of has 16 bits; what many gaps in a row leave out is more.
    if (sequence - base >= MAXIMUM_STATUSES) return false;
    if (!late) return true;
    // Between late packets lie some that were reported as received already.
    return sequence < this.#next && sequence === this.#sequences[position - 1]! + 1;
  }
}
