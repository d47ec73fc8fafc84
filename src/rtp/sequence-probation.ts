import type { RtpPacket } from '../media/rtp-packet.ts';
import { sequenceDistance } from './sequence-numbers.ts';

/** Maximum distance of two packets that confirm a jump of the sequence. */
const MAX_PROBATION_DISTANCE = 16;

/**
 * Holds a packet that is far from all others until the next such packet decides whether it was
 * stray, or both are the first of a sequence that continues elsewhere (RFC 3550 §A.1).
 */
export class SequenceProbation {
  /** Number of stray packets. */
  strays = 0;
  #packet: RtpPacket | undefined;

  /**
   * Takes a packet that is far from the previous ones.
   * @returns both packets in order if they follow each other; otherwise `held`, or `duplicate` of
   * the held one
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

  /** The held packet, if there is one, was stray. */
  drop(): void {
    if (this.#packet === undefined) return;
    this.#packet = undefined;
    this.strays++;
  }
}
