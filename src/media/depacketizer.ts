import type { AccessUnit } from './access-unit.ts';
import type { PayloadFormat } from './payload-format.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** Reassembles the access units of a track from its packets. */
export interface Depacketizer {
  /** Number of packets that violated the payload format; the invalid parts were dropped. */
  readonly malformed: number;

  /** Number of incomplete access units. */
  readonly broken: number;

  /** Media was lost since the last emitted unit, and later ones may depend on it. */
  readonly discontinuity: boolean;

  /**
   * Whether everything that a decoder needs besides a keyframe is known (H264: a sequence parameter
   * set); earlier keyframes are useless.
   */
  readonly configured: boolean;

  /**
   * Takes the next packet and emits the access units that it completes.
   *
   * @param packet the next packet in sequence; its payload may become part of a unit without a copy, unless it is
   * lent, see {@link RtpPacket}
   * @param lostBefore true if packets were lost between the previous one and this
   */
  push(packet: RtpPacket, lostBefore: boolean): void;

  /** Ends the current unit as if the next packet began another one. */
  flush(): void;

  /** Resets everything: another stream follows. */
  reset(): void;
}

/**
 * Creates the depacketizer for a negotiated payload format.
 *
 * @param emit receives each access unit, in decoding order
 * @param keepIncomplete also emit incomplete units; false if absent
 * @throws TypeError if the format carries no media of its own (`rtx`)
 */
export type DepacketizerFactory = (
  format: PayloadFormat,
  emit: (unit: AccessUnit) => void,
  keepIncomplete?: boolean,
) => Depacketizer;
