import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { Depacketizer } from '../../src/media/depacketizer.ts';
import { makePacket } from '../rtp/packets.ts';

/** What a sender makes of one access unit. */
export interface PacketizedUnit {
  payloads: Buffer[];
  /** Nothing refers to it. */
  isDisposable?: boolean;
}

/** What became of units on their way. */
export interface Delivery {
  /** The units that came out, each with its place among those that were sent. */
  received: { index: number; unit: AccessUnit }[];
  /** Places of the units of which all packets arrived. */
  whole: number[];
  depacketizer: Depacketizer;
}

const TICKS_PER_UNIT = 3000;

/**
 * Sends units through a depacketizer, each with a timestamp of its own and the marker bit at its end.
 *
 * @param isLost asked for each packet
 */
export function deliver(
  create: (emit: (unit: AccessUnit) => void) => Depacketizer,
  units: readonly PacketizedUnit[],
  isLost: () => boolean = () => false,
): Delivery {
  const received: Delivery['received'] = [];
  const whole: number[] = [];
  const depacketizer = create((unit) =>
    received.push({ index: unit.rtpTimestamp / TICKS_PER_UNIT, unit }),
  );
  let lostBefore = false;
  for (const [index, { payloads }] of units.entries()) {
    let lost = 0;
    for (const [at, payload] of payloads.entries()) {
      if (isLost()) {
        lost++;
        lostBefore = true;
        continue;
      }
      const marker = at === payloads.length - 1;
      const packet = makePacket({ timestamp: index * TICKS_PER_UNIT, payload, marker });
      depacketizer.push(packet, lostBefore);
      lostBefore = false;
    }
    if (lost === 0) whole.push(index);
  }
  return { received, whole, depacketizer };
}

/** What is wrong with how a delivery tells of what it lost; empty where nothing is. */
export function wrongDiscontinuities(delivery: Delivery): string[] {
  const wrong: string[] = [];
  let next = 0;
  for (const { index, unit } of delivery.received) {
    if (unit.discontinuity !== index > next) wrong.push(`unit ${index}: ${unit.discontinuity}`);
    next = index + 1;
  }
  return wrong;
}

/** Cuts bytes into pieces of random sizes from 1 to `most`. */
export function randomPieces(bytes: Buffer, most: number, random: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + Math.floor(random() * most));
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}
