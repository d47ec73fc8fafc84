import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import { keepPayload, type RtpPacket } from '../../media/rtp-packet.ts';
import { FrameBuilder } from '../frame-builder.ts';
import { isKeyFrame, readVp8Configuration } from './configuration.ts';

// The first byte of the payload descriptor (RFC 7741 §4.2): extended, non-reference frame, start of a
// partition, and the partition's index, whose upper bit is reserved.
const EXTENDED = 0x80;
const NON_REFERENCE = 0x20;
const START_OF_PARTITION = 0x10;
const PARTITION_INDEX = 0x07;

/**
 * VP8 over RTP (RFC 7741). A frame begins with the start of its first partition and ends with the
 * marker bit, which is mandatory (§4.1): a frame without it is incomplete and dropped. The parts of
 * a unit are views of its packets, to be concatenated.
 */
export class Vp8Depacketizer implements Depacketizer {
  /** A key frame contains all that its decoder needs. */
  readonly configured = true;
  readonly #frame: FrameBuilder;
  #malformed = 0;

  /** @param emit receives each complete frame, in decoding order */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#frame = new FrameBuilder('vp8', emit);
  }

  get malformed(): number {
    return this.#malformed;
  }

  get broken(): number {
    return this.#frame.broken;
  }

  get discontinuity(): boolean {
    return this.#frame.discontinuity;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    keepPayload(packet);
    const frame = this.#frame;
    if (lostBefore) frame.lose(packet.timestamp);
    const { payload } = packet;
    if (payload.length === 0) {
      this.#malformed++;
      return;
    }
    const begins =
      (payload[0]! & START_OF_PARTITION) !== 0 && (payload[0]! & PARTITION_INDEX) === 0;
    if (!frame.isOpen(packet.timestamp) || (begins && !frame.empty)) {
      this.#endWithoutMarker();
      frame.begin(packet.timestamp, packet.arrivalUs);
    }
    frame.notePacket(packet.arrivalUs);
    if (!frame.incomplete && !this.#add(payload, begins)) this.#malformed++;
    if (packet.marker) this.#end();
  }

  flush(): void {
    this.#endWithoutMarker();
  }

  reset(): void {
    this.#frame.reset();
  }

  /** Adds the payload of a packet to the current frame; false if the packet is malformed. */
  #add(payload: Buffer, begins: boolean): boolean {
    const frame = this.#frame;
    if ((payload[0]! & NON_REFERENCE) !== 0) frame.disposable = true;
    if (frame.empty && !begins) {
      // After a loss, a frame without its start is not an error of the sender.
      const expected = frame.startUncertain;
      frame.breakFrame();
      return expected;
    }
    const start = descriptorBytes(payload);
    if (start >= payload.length) {
      frame.breakFrame();
      return false;
    }
    if (begins) frame.keyframe = isKeyFrame(payload[start]!);
    return frame.add(payload.subarray(start));
  }

  #end(): void {
    const frame = this.#frame;
    if (!frame.incomplete && frame.keyframe && readVp8Configuration(frame.parts) === undefined) {
      this.#malformed++;
      frame.breakFrame();
    }
    frame.end();
  }

  #endWithoutMarker(): void {
    const frame = this.#frame;
    if (!frame.open) return;
    if (!frame.incomplete) {
      this.#malformed++;
      frame.breakFrame();
    }
    frame.end();
  }
}

/** Size of the payload descriptor (RFC 7741 §4.2), bytes; may exceed the payload. */
function descriptorBytes(payload: Buffer): number {
  if ((payload[0]! & EXTENDED) === 0) return 1;
  const present = payload[1] ?? 0;
  let length = 2;
  // PictureID, whose highest bit means that it has two bytes.
  if ((present & 0x80) !== 0) length += (payload[2] ?? 0) & 0x80 ? 2 : 1;
  if ((present & 0x40) !== 0) length++; // TL0PICIDX
  if ((present & 0x30) !== 0) length++; // TID, Y and KEYIDX share one
  return length;
}
