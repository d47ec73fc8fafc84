import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import { keepPayload, type RtpPacket } from '../../media/rtp-packet.ts';
import { type PayloadDescriptor, readPayloadDescriptor } from './payload-descriptor.ts';
import { PictureBuilder } from './picture-builder.ts';

/**
 * VP9 over RTP (RFC 9628), in flexible and non-flexible mode. Packets mark the beginning and the
 * end of a layer's frame; the marker bit ends the picture. Of several spatial layers the complete
 * ones are emitted, as a superframe. The parts of a unit are to be concatenated.
 */
export class Vp9Depacketizer implements Depacketizer {
  /** A key frame contains all that its decoder needs. */
  readonly configured = true;
  readonly #picture: PictureBuilder;
  readonly #descriptor: PayloadDescriptor = {
    ...{ begins: false, ends: false, spatialId: 0, dependsOnLower: false },
  };
  /** The layer of the last packet. */
  #spatialId = 0;
  #malformed = 0;

  /** @param emit receives each picture, in decoding order */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#picture = new PictureBuilder(emit);
  }

  get malformed(): number {
    return this.#malformed + this.#picture.malformed;
  }

  get broken(): number {
    return this.#picture.broken;
  }

  get discontinuity(): boolean {
    return this.#picture.discontinuity;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    keepPayload(packet);
    const picture = this.#picture;
    if (lostBefore) picture.lose();
    if (packet.payload.length === 0) {
      this.#malformed++;
      return;
    }
    if (!picture.isOpen(packet.timestamp)) {
      this.#endLayer();
      picture.begin(packet.timestamp, packet.arrivalUs);
    }
    picture.notePacket(packet.arrivalUs);
    this.#add(packet.payload);
    if (packet.marker) {
      this.#endLayer();
      picture.end();
    }
  }

  flush(): void {
    this.#endLayer();
    this.#picture.end();
  }

  reset(): void {
    this.#picture.reset();
  }

  /** Adds the payload of a packet to the current picture. */
  #add(payload: Buffer): void {
    const picture = this.#picture;
    const descriptor = this.#descriptor;
    const start = readPayloadDescriptor(payload, descriptor);
    if (start === -1) {
      this.#malformed++;
      picture.breakLayer();
      return;
    }
    const { begins, spatialId } = descriptor;
    if (begins) {
      this.#endLayer();
      picture.beginLayer(spatialId, descriptor.dependsOnLower);
    } else if (picture.inLayer && spatialId !== this.#spatialId) {
      this.#malformed++;
      picture.breakLayer();
    } else if (!picture.inLayer) {
      // After a loss, a piece without its start is not an error of the sender.
      if (!picture.excusesGap) this.#malformed++;
      picture.breakLayer();
    }
    this.#spatialId = spatialId;
    if (!picture.inLayer) return;
    if (!picture.add(payload.subarray(start))) this.#malformed++;
    else if (descriptor.ends) picture.endLayer();
  }

  /** Gives up a layer frame that still lacks its end. */
  #endLayer(): void {
    if (!this.#picture.inLayer) return;
    this.#malformed++;
    this.#picture.breakLayer();
  }
}
