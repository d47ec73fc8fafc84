import type { AccessUnit } from '../media/access-unit.ts';
import type { Depacketizer, DepacketizerFactory } from '../media/depacketizer.ts';
import { carriesMedia, type PayloadFormat } from '../media/payload-format.ts';
import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';
import { type RedundantBlock, readRedundantPayload } from './redundant-payload.ts';
import { sequenceDistance, timestampDistance } from './sequence-numbers.ts';

/** Options of a {@link TrackDepacketizer}. */
export interface DepacketizingOptions {
  createDepacketizer: DepacketizerFactory;
  /** Also deliver access units with missing parts; false by default. */
  keepIncomplete?: boolean;
}

/**
 * Passes the packets of a stream, in order, to the depacketizer of their codec, and creates another
 * one when the codec changes. Lost packets whose payloads a later packet repeats (RFC 2198) are
 * restored.
 */
export class TrackDepacketizer {
  /** Number of packets without a negotiated format, or with an invalid RFC 2198 payload. */
  #malformed = 0;
  /** Number of lost packets that were restored from later ones. */
  restored = 0;
  readonly #formats: readonly (PayloadFormat | undefined)[];
  readonly #options: DepacketizingOptions;
  readonly #emit: (unit: AccessUnit) => void;
  #depacketizer: Depacketizer | undefined;
  #codec: string | undefined;
  /** Counters of previous depacketizers. */
  #malformedBefore = 0;
  #brokenBefore = 0;
  /** Media was lost since the last packet passed to the depacketizer. */
  #lostBefore = false;
  /** Sequence number of the last packet in any format. */
  #sequenceNumber: number | undefined;
  /** Timestamp of the last packet passed to the depacketizer; -1 before the first. */
  #timestamp = -1;

  /**
   * @param formats the section's payload types by number
   * @param emit receives each access unit
   */
  constructor(
    formats: readonly (PayloadFormat | undefined)[],
    emit: (unit: AccessUnit) => void,
    options: DepacketizingOptions,
  ) {
    this.#formats = formats;
    this.#emit = emit;
    this.#options = options;
  }

  /** Number of malformed packets and payloads. */
  get malformed(): number {
    return this.#malformed + this.#malformedBefore + (this.#depacketizer?.malformed ?? 0);
  }

  /** See {@link Depacketizer.broken}. */
  get broken(): number {
    return this.#brokenBefore + (this.#depacketizer?.broken ?? 0);
  }

  /** See {@link Depacketizer.configured}. */
  get configured(): boolean {
    return this.#depacketizer?.configured ?? false;
  }

  /** Media is missing before the next packet. */
  noteLoss(): void {
    this.#lostBefore = true;
  }

  /**
   * Takes the next packet of the stream.
   * @returns true if something was lost on which later units may depend
   */
  push(packet: RtpPacket): boolean {
    const before = this.#sequenceNumber;
    this.#sequenceNumber = packet.sequenceNumber;
    const format = this.#formats[packet.payloadType];
    if (format !== undefined && carriesMedia(format)) return this.#give(format, packet);
    if (format?.codec === 'red') {
      keepPayload(packet);
      const missing =
        before === undefined ? 0 : sequenceDistance(before, packet.sequenceNumber) - 1;
      return this.#takeApart(packet, missing);
    }
    // Comfort noise and telephone events share the sequence numbers of the audio, but are not part
    // of it.
    this.#malformed++;
    return false;
  }

  /** Another stream follows. @param isLoss something is missing before it */
  reset(isLoss: boolean): void {
    this.#depacketizer?.reset();
    this.#lostBefore = isLoss;
    this.#sequenceNumber = undefined;
    this.#timestamp = -1;
  }

  /** @param missing number of packets lost just before it, according to the sequence numbers */
  #takeApart(packet: RtpPacket, missing: number): boolean {
    const blocks = readRedundantPayload(packet.payload);
    const last = blocks?.pop();
    const format = last && this.#formats[last.payloadType];
    if (format === undefined || !carriesMedia(format)) {
      this.#malformed++;
      return false;
    }
    if (this.#lostBefore && missing > 0) this.#restore(packet, blocks!, missing);
    const { payloadType, payload } = last!;
    return this.#give(format, { ...packet, payloadType, payload });
  }

  /** Replaces lost packets by the repeated payloads in a packet. */
  #restore(packet: RtpPacket, blocks: readonly RedundantBlock[], missing: number): void {
    const { timestamp } = packet;
    const since = this.#timestamp < 0 ? 0 : timestampDistance(this.#timestamp, timestamp);
    const lost = blocks
      .filter(({ payload, payloadType, offset }) => {
        const format = this.#formats[payloadType];
        const isMedia = format !== undefined && carriesMedia(format);
        return isMedia && payload.length > 0 && offset > 0 && offset < since;
      })
      .slice(-missing);
    const isAll = lost.length === missing;
    for (const { payloadType, payload, offset } of lost) {
      const restored = { ...packet, payloadType, payload, timestamp: (timestamp - offset) >>> 0 };
      this.#lostBefore = !isAll;
      this.#give(this.#formats[payloadType]!, { ...restored, marker: false });
      this.restored++;
    }
    this.#lostBefore = !isAll;
  }

  #give(format: PayloadFormat, packet: RtpPacket): boolean {
    const depacketizer = this.#depacketizerFor(format);
    const lost = this.#lostBefore;
    this.#lostBefore = false;
    this.#timestamp = packet.timestamp;
    depacketizer.push(packet, lost);
    return lost && depacketizer.discontinuity;
  }

  #depacketizerFor(format: PayloadFormat): Depacketizer {
    if (this.#depacketizer !== undefined && this.#codec === format.codec) return this.#depacketizer;
    if (this.#depacketizer !== undefined) {
      this.#depacketizer.flush();
      this.#malformedBefore += this.#depacketizer.malformed;
      this.#brokenBefore += this.#depacketizer.broken;
      this.#lostBefore = true;
    }
    const { createDepacketizer, keepIncomplete = false } = this.#options;
    this.#depacketizer = createDepacketizer(format, this.#emit, keepIncomplete);
    this.#codec = format.codec;
    return this.#depacketizer;
  }
}
