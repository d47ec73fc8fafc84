import type { RtpPacket } from '../media/rtp-packet.ts';
import { sequenceDistance } from './sequence-numbers.ts';

/** Two packets no further apart than this show that the sequence really goes on elsewhere. */
const MAX_PROBATION_DISTANCE = 16;

/**
 * Holds a packet that is far from all others until the next such one tells: it was a stray one, or both
 * are the first of a sequence that goes on elsewhere (RFC 3550 §A.1).
 */
export class SequenceProbation {
  /** Packets that turned out to be stray ones. */
  strays = 0;
  #packet: RtpPacket | undefined;

  /**
   * Takes a packet that is far from those before.
   * @returns both packets in order where they go on from each other; `held` or `duplicate` of the one held
   */
  take(packet: RtpPacket): [first: RtpPacket, second: RtpPacket] | 'held' | 'duplicate' {
    const other = this.#packet;
    if (other !== undefined) {
      const distance = sequenceDistance(other.sequenceNumber, packet.sequenceNumber);
      if (distance === 0) return 'duplicate';
      if (Math.abs(distance) <= MAX_PROBATION_DISTANCE) {
        this.#packet = undefined;
        return distance > 0 ? [other, packet] : [packet, other];
      }
      this.drop();
    }
    this.#packet = packet;
    return 'held';
  }

  /** The packet that is held, if there is one, was a stray one. */
  drop(): void {
    if (this.#packet === undefined) return;
    this.#packet = undefined;
    this.strays++;
  }
}
