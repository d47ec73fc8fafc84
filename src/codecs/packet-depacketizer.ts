import type { AccessUnit } from '../media/access-unit.ts';
import type { Depacketizer } from '../media/depacketizer.ts';
import { keepPayload, type RtpPacket } from '../media/rtp-packet.ts';

/** Sound of which each packet is a unit, its payload as it is: Opus (RFC 7587 §4.2), G.711 (RFC 3551 §4.5.14). */
export class PacketDepacketizer implements Depacketizer {
  /** A packet says all that its decoder needs. */
  readonly configured = true;
  /** Each packet is a unit, so none is incomplete. */
  readonly broken = 0;
  readonly #codec: string;
  readonly #isUnit: (payload: Buffer) => boolean;
  readonly #emit: (unit: AccessUnit) => void;
  #malformed = 0;
  #discontinuity = false;

  /**
   * @param codec name of the codec in the registry
   * @param isUnit whether a payload is one of the codec
   * @param emit takes each access unit
   */
  constructor(
    codec: string,
    isUnit: (payload: Buffer) => boolean,
    emit: (unit: AccessUnit) => void,
  ) {
    this.#codec = codec;
    this.#isUnit = isUnit;
    this.#emit = emit;
  }

  get malformed(): number {
    return this.#malformed;
  }

  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    keepPayload(packet);
    if (lostBefore) this.#discontinuity = true;
    if (!this.#isUnit(packet.payload)) {
      this.#malformed++;
      // An empty packet is padding, so nothing is missing.
      if (packet.payload.length > 0) this.#discontinuity = true;
      return;
    }
    const discontinuity = this.#discontinuity;
    this.#discontinuity = false;
    this.#emit({
      codec: this.#codec,
      rtpTimestamp: packet.timestamp,
      arrivalUs: packet.arrivalUs,
      keyframe: true,
      discontinuity,
      parts: [packet.payload],
    });
  }

  flush(): void {}

  reset(): void {
    this.#discontinuity = false;
  }
}
