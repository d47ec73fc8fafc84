import type { AccessUnit } from './access-unit.ts';
import type { PayloadFormat } from './payload-format.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** Turns the packets of one track back into the access units that the sender cut up. */
export interface Depacketizer {
  /** How many packets broke the payload format; what was wrong in them was dropped. */
  readonly malformed: number;

  /** How many access units something was missing of. */
  readonly broken: number;

  /** Media was lost since the last unit that came out, and the next ones may depend on it. */
  readonly discontinuity: boolean;

  /**
   * Whether all that a decoder needs beside a keyframe is known (H264: a sequence parameter set); a
   * keyframe before that is of no use.
   */
  readonly configured: boolean;

  /**
   * Takes the next packet and emits the access units that it completes.
   *
   * @param packet the next packet in sequence; its payload may become part of a unit as it is
   * @param lostBefore true when packets between this and the one before are lost
   */
  push(packet: RtpPacket, lostBefore: boolean): void;

  /** Ends the unit in hand as if the next packet began another one. */
  flush(): void;

  /** Forgets all that was taken: what follows is another stream. */
  reset(): void;
}

/**
 * Creates the depacketizer for a negotiated payload format.
 *
 * @param emit takes each access unit, in decoding order
 * @param keepIncomplete emit units that miss something too, with what came of them; false if absent
 * @throws TypeError when the format carries no media of its own (`rtx`)
 */
export type DepacketizerFactory = (
  format: PayloadFormat,
  emit: (unit: AccessUnit) => void,
  keepIncomplete?: boolean,
) => Depacketizer;
