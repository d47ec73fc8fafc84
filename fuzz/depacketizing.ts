import type { AccessUnit } from '../src/media/access-unit.ts';
import type { Depacketizer } from '../src/media/depacketizer.ts';
import type { RtpPacket } from '../src/media/rtp-packet.ts';
import type { Decisions } from './decisions.ts';
import { must } from './target.ts';

const MOST_STEPS = 400;

/** How a depacketizer is made. */
export type Create = (emit: (unit: AccessUnit) => void) => Depacketizer;

/** A unit as it was sent. */
export interface SentUnit {
  payloads: Buffer[];
  /** The bytes that are to come out. */
  bytes: Buffer;
}

function packetOf(timestamp: number, payload: Buffer, marker: boolean): RtpPacket {
  const fields = { ssrc: 1, payloadType: 96, sequenceNumber: 0, arrivalUs: 1e15 };
  return { ...fields, timestamp, marker, payload };
}

/** All bytes of a unit. */
export function bytesOf(unit: AccessUnit): Buffer {
  return Buffer.concat(unit.parts);
}

/**
 * Pushes packets of any content.
 *
 * @param check looks at each unit that comes out
 * @param bytesAdded most bytes that a packet may add to a unit beside its own
 */
export function checkAnyPackets(
  create: Create,
  decisions: Decisions,
  check: (unit: AccessUnit) => void,
  bytesAdded = 0,
): void {
  let bytesIn = 0;
  let bytesOut = 0;
  let pushed = 0;
  let units = 0;
  const depacketizer = create((unit) => {
    units++;
    must(unit.parts.length > 0, 'a unit has parts');
    bytesOut += bytesOf(unit).length;
    check(unit);
  });
  let timestamp = 0;
  while (!decisions.done && pushed < MOST_STEPS) {
    const how = decisions.byte();
    if ((how & 0x18) === 0x18) timestamp += decisions.signed();
    const payload = decisions.block();
    bytesIn += payload.length + bytesAdded;
    pushed++;
    depacketizer.push(packetOf(timestamp >>> 0, payload, (how & 1) === 1), (how & 0x06) === 0x06);
    if (how === 0xff) depacketizer.reset();
  }
  depacketizer.flush();
  must(bytesOut <= bytesIn, 'never more bytes out than in');
  must(units <= 2 * pushed, 'a packet ends the unit before it and its own');
  must(depacketizer.malformed <= 2 * pushed, 'a packet is counted for itself and a unit it ends');
}

/**
 * Sends right units: all come out as they were; with losses those that come out are as they were.
 *
 * @param makeUnit makes a unit of the decisions
 */
export function checkRoundTrip(
  create: Create,
  decisions: Decisions,
  lossy: boolean,
  makeUnit: (decisions: Decisions) => SentUnit,
): void {
  const sent = new Map<number, Buffer>();
  let delivered = 0;
  const depacketizer = create((unit) => {
    delivered++;
    const bytes = sent.get(unit.rtpTimestamp);
    must(bytes !== undefined, 'a unit has the timestamp of one that was sent');
    must(bytesOf(unit).equals(bytes), 'a unit is as it was sent');
    must(lossy || !unit.discontinuity, 'nothing is missing where all came');
  });
  let timestamp = 0xffff_ff00;
  let lost = false;
  let packets = 0;
  while (!decisions.done && packets < MOST_STEPS) {
    timestamp = (timestamp + 3000) >>> 0;
    const unit = makeUnit(decisions);
    sent.set(timestamp, unit.bytes);
    for (const [at, payload] of unit.payloads.entries()) {
      packets++;
      if (lossy && (decisions.byte() & 7) === 7) {
        lost = true;
        continue;
      }
      depacketizer.push(packetOf(timestamp, payload, at === unit.payloads.length - 1), lost);
      lost = false;
    }
  }
  must(lossy || delivered === sent.size, 'each unit comes out');
  must(depacketizer.malformed === 0, 'nothing of a right stream is malformed');
}
