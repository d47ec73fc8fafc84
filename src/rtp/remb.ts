/** Minimum that is advertised, also before anything has arrived, bit/s. */
const FLOOR_BPS = 10_000_000;
const DEFAULT_CAP_BPS = 100_000_000;
/** With this factor above the received rate, a sender never finds itself limited. */
const HEADROOM = 2;

/**
 * The bit rate allowed to a sender that uses REMB for its congestion control
 * (draft-alvestrand-rmcat-remb): always well above the received rate. The path is not estimated: a
 * recorder wants the full bit rate, and the sender still reacts to the loss in the receiver
 * reports.
 */
export class RembAdvertisement {
  readonly #capBps: number;
  #bytes = 0;
  #sinceUs = 0;
  #bps = 0;

  /** @param capBps maximum to advertise, bit/s */
  constructor(capBps = DEFAULT_CAP_BPS) {
    this.#capBps = capBps;
    this.#bps = Math.min(FLOOR_BPS, capBps);
  }

  /** Counts `bytes` that arrived. */
  onBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * The bit rate to advertise now, bit/s. It grows with what arrived since the previous call and
   * never shrinks: a scene that needs few bits says nothing about the path.
   *
   * @param nowUs µs since the Unix epoch on the steady clock
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
 * @param bps bit/s; written with 18 significant bits, rounded down
 * @param ssrcs the streams that share the bit rate, at most 255
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
