import type { AccessUnit } from '../../media/access-unit.ts';
import type { Depacketizer } from '../../media/depacketizer.ts';
import type { RtpPacket } from '../../media/rtp-packet.ts';
import { opusPacketDuration } from './toc.ts';

/** Opus over RTP (RFC 7587 §4.2): the payload of each packet is one Opus packet. */
export class OpusDepacketizer implements Depacketizer {
  /** An Opus packet says all that its decoder needs. */
  readonly configured = true;
  /** Each packet is a unit: none is lost in part. */
  readonly broken = 0;
  readonly #emit: (unit: AccessUnit) => void;
  #malformed = 0;
  #discontinuity = false;

  /** @param emit takes each access unit */
  constructor(emit: (unit: AccessUnit) => void) {
    this.#emit = emit;
  }

  get malformed(): number {
    return this.#malformed;
  }

  get discontinuity(): boolean {
    return this.#discontinuity;
  }

  push(packet: RtpPacket, lostBefore: boolean): void {
    if (lostBefore) this.#discontinuity = true;
    if (opusPacketDuration(packet.payload) === undefined) {
      this.#malformed++;
      // An empty packet is padding between two others, nothing is missing for it.
      if (packet.payload.length > 0) this.#discontinuity = true;
      return;
    }
    const discontinuity = this.#discontinuity;
    this.#discontinuity = false;
    this.#emit({
      codec: 'opus',
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
