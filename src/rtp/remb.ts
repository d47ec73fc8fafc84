/** What is advertised before anything has arrived, bits per second. */
const FLOOR_BPS = 10_000_000;
const DEFAULT_CAP_BPS = 100_000_000;
/** A sender with this much more allowed than it sends never finds itself held back. */
const HEADROOM = 2;

/**
 * The bitrate we allow a sender that takes REMB for its congestion control (draft-alvestrand-rmcat-remb):
 * always well above what arrives. We do not estimate the path: a recorder wants every bit the sender
 * has, and the sender still reacts to the loss in our receiver reports.
 */
export class RembAdvertisement {
  readonly #capBps: number;
  #bytes = 0;
  #sinceUs = 0;
  #bps = 0;

  /** @param capBps never advertise more than this, bits per second */
  constructor(capBps = DEFAULT_CAP_BPS) {
    this.#capBps = capBps;
    this.#bps = Math.min(FLOOR_BPS, capBps);
  }

  /** Counts `bytes` that arrived. */
  onBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * What to advertise now, bits per second. It grows with what arrived since the call before, and
   * never shrinks: a scene that needs few bits says nothing of the path.
   *
   * @param nowUs µs since the Unix epoch on our steady clock
   */
  advertise(nowUs: number): number {
    const elapsedUs = nowUs - this.#sinceUs;
    if (this.#sinceUs > 0 && elapsedUs > 0) {
      const arrivedBps = (this.#bytes * 8 * 1_000_000) / elapsedUs;
      this.#bps = Math.min(this.#capBps, Math.max(this.#bps, Math.ceil(arrivedBps * HEADROOM)));
    }
    this.#sinceUs = nowUs;
    this.#bytes = 0;
    return this.#bps;
  }
}

/**
 * Builds a receiver estimated maximum bitrate message (draft-alvestrand-rmcat-remb-03 §2.2).
 *
 * @param senderSsrc our own SSRC
 * @param bps bits per second; written with 18 significant bits, rounded down
 * @param ssrcs the streams that share the bitrate, at most 255
 */
export function buildRemb(senderSsrc: number, bps: number, ssrcs: readonly number[]): Buffer {
  const count = Math.min(ssrcs.length, 255);
  const packet = Buffer.alloc(20 + count * 4);
  packet[0] = 0x80 | 15;
  packet[1] = 206;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(senderSsrc, 4);
  packet.write('REMB', 12, 'latin1');
  let exponent = 0;
  let mantissa = Math.floor(bps);
  while (mantissa > 0x3ffff) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  packet[16] = count;
  packet.writeUIntBE(exponent * 0x40000 + mantissa, 17, 3);
  for (let position = 0; position < count; position++) {
    packet.writeUInt32BE(ssrcs[position]!, 20 + position * 4);
  }
  return packet;
}
