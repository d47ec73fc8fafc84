import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import { keepPayload, type RtpPacket } from '../../media/rtp-packet.ts';
import { Slab } from '../../media/slab.ts';
import { FrameBuilder } from '../frame-builder.ts';
import { leadingBytes } from '../leading-bytes.ts';
import { readAv1Configuration } from './configuration.ts';
import {
  isShownKeyFrame,
  LONGEST_OBU_HEADER,
  leb128Bytes,
  OBU_TYPE,
  type ObuHeader,
  readLeb128,
  readObuHeader,
  writeObuHeader,
} from './obu.ts';

// The aggregation header (RTP Payload Format For AV1 §4.4): the first element continues an OBU, the
// last one is continued, and the number of elements, in which case the last has no length.
const CONTINUES = 0x80;
const CONTINUED = 0x40;

/** Memory for OBU headers; shared, so that an idle track holds no block of its own. */
const headers = new Slab();

/**
 * AV1 over RTP (RTP Payload Format For AV1, version 1.0). A unit is a temporal unit without its
 * delimiter, tile lists and padding, and its OBUs have size fields, as in an MP4 sample. Its parts
 * are headers and views of packets, to be concatenated.
 *
 * A temporal unit ends with the marker bit. Senders should set it (§4.2): once a sender has done
 * so, it is expected from that sender; otherwise a unit ends where the timestamp changes.
 */
export class Av1Depacketizer implements Depacketizer {
  /** A key frame includes its sequence header, or is not treated as one. */
  readonly configured = true;
  readonly #unit: FrameBuilder;
  /** The pieces of the OBU that is incomplete so far. */
  readonly #fragments: Buffer[] = [];
  #inObu = false;
  #markerSeen = false;
  /** Contents of the current unit. */
  #hasSequenceHeader = false;
  #hasFrame = false;
  #hasKeyFrame = false;
  #malformed = 0;

  /** @param emit receives each complete temporal unit, in decoding order */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#unit = new FrameBuilder('av1', emit);
  }

  get malformed(): number {
    return this.#malformed;
  }

  get broken(): number {
    return this.#unit.broken;
  }

  get discontinuity(): boolean {
    return this.#unit.discontinuity;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    keepPayload(packet);
    const unit = this.#unit;
    if (lostBefore) unit.lose(packet.timestamp);
    if (packet.payload.length === 0) {
      this.#malformed++;
      return;
    }
    if (!unit.isOpen(packet.timestamp)) {
      this.#end(this.#markerSeen);
      unit.begin(packet.timestamp, packet.arrivalUs);
    }
    unit.notePacket(packet.arrivalUs);
    if (!unit.incomplete && !this.#parse(packet.payload)) {
      this.#malformed++;
      unit.breakFrame();
    }
    if (packet.marker) {
      this.#markerSeen = true;
      this.#end(false);
    }
  }

  flush(): void {
    this.#end(this.#markerSeen);
  }

  reset(): void {
    this.#markerSeen = false;
    this.#clear();
    this.#unit.reset();
  }

  /** Parses the payload of a packet; false if it is malformed. */
  #parse(payload: Buffer): boolean {
    const header = payload[0]!;
    const count = (header >> 4) & 3;
    const isContinuation = (header & CONTINUES) !== 0;
    if (isContinuation !== this.#inObu) {
      // After a loss, a fragment without its start is not an error of the sender.
      if (!isContinuation || !this.#unit.startUncertain || !this.#unit.empty) return false;
      this.#unit.breakFrame();
      return true;
    }
    let offset = 1;
    for (let element = 1; offset < payload.length; element++) {
      let end = payload.length;
      if (element !== count) {
        const length = readLeb128(payload, offset);
        if (length === undefined) return false;
        offset += length.bytes;
        end = offset + length.value;
        if (end > payload.length) return false;
      }
      const isLast = count === 0 ? end === payload.length : element === count;
      this.#fragments.push(payload.subarray(offset, end));
      this.#inObu = isLast && (header & CONTINUED) !== 0;
      if (!this.#inObu && !this.#addObu()) return false;
      if (this.#unit.incomplete) return true;
      if (isLast) return true;
      offset = end;
    }
    return false;
  }

  /** Adds the OBU whose pieces have all arrived; false if it is malformed. */
  #addObu(): boolean {
    const fragments = this.#fragments;
    const start = leadingBytes(fragments, LONGEST_OBU_HEADER + 1);
    const header = readObuHeader(start);
    if (header === undefined) return false;
    let bytes = 0;
    for (const fragment of fragments) bytes += fragment.length;
    const size = header.size ?? bytes - header.bytes;
    if (header.bytes + size > bytes) return false;
    const isKept = this.#note(header, start[header.bytes] ?? 0);
    if (isKept && !this.#unit.incomplete) this.#addParts(header, start, size);
    fragments.length = 0;
    return true;
  }

  /** Notes what an OBU says about the unit; false if it does not belong in a sample. */
  #note({ type, spatialId }: ObuHeader, firstByte: number): boolean {
    const { temporalDelimiter, tileList, padding, sequenceHeader, frame, frameHeader } = OBU_TYPE;
    if (type === temporalDelimiter || type === tileList || type === padding) return false;
    const isFrame = type === frame || type === frameHeader;
    const isKeyFrame = isFrame && isShownKeyFrame(firstByte);
    if (type === sequenceHeader) this.#hasSequenceHeader = true;
    if (this.#unit.startUncertain && !this.#hasFrame) {
      // Nothing marks the start of a unit: it can be here unless something must have preceded it.
      const isLater = isFrame
        ? spatialId > 0 || (isKeyFrame && !this.#hasSequenceHeader)
        : type === OBU_TYPE.tileGroup;
      if (isLater) this.#unit.breakFrame();
    }
    if (isKeyFrame && !this.#hasFrame) this.#hasKeyFrame = true;
    if (isFrame) this.#hasFrame = true;
    return true;
  }

  #addParts(header: ObuHeader, start: Buffer, size: number): void {
    const head = headers.take(header.bytesWithoutSize + leb128Bytes(size));
    writeObuHeader(head, start, size);
    this.#unit.add(head);
    let skipped = header.bytes;
    let left = size;
    for (const fragment of this.#fragments) {
      if (left === 0) return;
      if (skipped >= fragment.length) {
        skipped -= fragment.length;
        continue;
      }
      const part = fragment.subarray(skipped, skipped + left);
      skipped = 0;
      left -= part.length;
      if (!this.#unit.add(part)) return;
    }
  }

  /**
   * Ends the current unit, if any.
   *
   * @param lacksMarker it lacks the marker bit that this sender sets. Chromium drops what waits in
   * its queue when a keyframe overtakes it, and numbers its packets after that: there is no gap, so
   * only the missing marker shows that a unit is incomplete.
   */
  #end(lacksMarker: boolean): void {
    const unit = this.#unit;
    if (unit.open && !unit.incomplete) {
      const isKeyframe = this.#hasKeyFrame && this.#hasSequenceHeader;
      if (
        this.#inObu ||
        lacksMarker ||
        (isKeyframe && readAv1Configuration(unit.parts) === undefined)
      ) {
        this.#malformed++;
        unit.breakFrame();
      } else if (!this.#hasFrame) {
        unit.discard();
      }
      unit.keyframe = isKeyframe;
    }
    this.#clear();
    unit.end();
  }

  #clear(): void {
    this.#fragments.length = 0;
    this.#inObu = false;
    this.#hasSequenceHeader = false;
    this.#hasFrame = false;
    this.#hasKeyFrame = false;
  }
}
