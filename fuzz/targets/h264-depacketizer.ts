import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const FORMAT = { payloadType: 96, codec: 'h264' as const, clockRate: 90_000, parameters: {} };
const MOST_STEPS = 400;

/** Payloads of any kind, then real access units cut up and sent with and without loss. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/h264/depacketizer.ts',
    'src/codecs/nal-access-unit-builder.ts',
    'src/codecs/nal-depacketizer.ts',
    'src/codecs/h264/nal-unit.ts',
  ],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from(
      '0005674200 1f8c0004 68ce3c8001066588840102 0302069a090807'.replaceAll(' ', ''),
      'hex',
    ),
    Buffer.from('01057c85888401047c05020301047c450405020118000467420000000268ce', 'hex'),
    Buffer.from('0304070804036588841102419a090808410304050607080900', 'hex'),
  ],
  run(input) {
    checkAnyPackets(new Decisions(input));
    checkRoundTrip(new Decisions(input), false);
    checkRoundTrip(new Decisions(input), true);
  },
};

function packetOf(timestamp: number, payload: Buffer, marker: boolean): RtpPacket {
  return {
    ssrc: 1,
    payloadType: 96,
    sequenceNumber: 0,
    timestamp,
    marker,
    arrivalUs: 1e15,
    payload,
  };
}

function bytesOf(unit: AccessUnit): number {
  return unit.parts.reduce((sum, part) => sum + part.length, 0);
}

function checkAnyPackets(decisions: Decisions): void {
  let bytesIn = 0;
  let bytesOut = 0;
  let pushed = 0;
  let units = 0;
  const depacketizer = createDepacketizer(FORMAT, (unit) => {
    units++;
    bytesOut += bytesOf(unit);
    must(unit.parts.length > 0, 'a unit has parts');
    const types = unit.parts.map((part) => part[0]! & 0x1f);
    must(
      types.every((type) => type >= 1 && type <= 23),
      'each part is a single NAL unit',
    );
    must(unit.keyframe === types.includes(5), 'a keyframe has an IDR slice');
    must(
      types.some((type) => type <= 5),
      'a unit has a picture',
    );
  });
  let timestamp = 0;
  while (!decisions.done && pushed < MOST_STEPS) {
    const how = decisions.byte();
    if ((how & 0x18) === 0x18) timestamp += decisions.signed();
    const payload = decisions.block();
    bytesIn += payload.length;
    pushed++;
    depacketizer.push(packetOf(timestamp >>> 0, payload, (how & 1) === 1), (how & 0x06) === 0x06);
    if (how === 0xff) depacketizer.reset();
  }
  depacketizer.flush();
  must(bytesOut <= bytesIn, 'never more bytes out than in');
  must(units <= pushed, 'a packet ends at most one unit');
  must(depacketizer.malformed <= 2 * pushed, 'a packet is counted for itself and a unit it ends');
}

interface SentUnit {
  timestamp: number;
  parts: Buffer[];
  payloads: Buffer[];
}

/** An access unit of NAL units that a depacketizer can tell from the next one. */
function unitOf(decisions: Decisions, timestamp: number): SentUnit {
  const parts: Buffer[] = [];
  for (let extra = decisions.byte() & 3; extra > 0; extra--) {
    const type = [6, 7, 8, 9][decisions.byte() & 3]!;
    parts.push(Buffer.concat([Buffer.of(0x60 | type), decisions.block()]));
  }
  const sliceType = (decisions.byte() & 3) === 0 ? 5 : 1;
  const slices = 1 + (decisions.byte() & 3);
  for (let slice = 0; slice < slices; slice++) {
    // The top bit says whether it is the first slice of its picture.
    const first = slice === 0 ? 0x80 : 0x40;
    parts.push(Buffer.concat([Buffer.of(0x60 | sliceType, first), decisions.block()]));
  }
  return { timestamp, parts, payloads: cut(parts, decisions) };
}

/** RTP payloads of NAL units: alone, in fragments or several in one (RFC 6184 §5.6 to §5.8). */
function cut(parts: readonly Buffer[], decisions: Decisions): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!;
    const how = decisions.byte() % 3;
    if (how === 0 || part.length < 2) {
      payloads.push(part);
    } else if (how === 1) {
      payloads.push(...fragmentsOf(part, 1 + (decisions.byte() & 0x3f)));
    } else {
      const chunks: Buffer[] = [Buffer.of(0x60 | 24)];
      const last = Math.min(parts.length - 1, at + (decisions.byte() & 3));
      for (; at <= last; at++) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(parts[at]!.length);
        chunks.push(length, parts[at]!);
      }
      at--;
      payloads.push(Buffer.concat(chunks));
    }
  }
  return payloads;
}

function fragmentsOf(part: Buffer, size: number): Buffer[] {
  const payloads: Buffer[] = [];
  for (let offset = 1; offset < part.length; offset += size) {
    const start = offset === 1 ? 0x80 : 0;
    const end = offset + size >= part.length ? 0x40 : 0;
    const head = Buffer.of((part[0]! & 0xe0) | 28, start | end | (part[0]! & 0x1f));
    payloads.push(Buffer.concat([head, part.subarray(offset, offset + size)]));
  }
  return payloads;
}

function slices(parts: readonly Buffer[]): Buffer[] {
  return parts.filter((part) => (part[0]! & 0x1f) <= 5);
}

function sameParts(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  return one.length === other.length && one.every((part, at) => part.equals(other[at]!));
}

/** Units come out as they went in; with loss those that do are whole. */
function checkRoundTrip(decisions: Decisions, lossy: boolean): void {
  const sent = new Map<number, SentUnit>();
  let delivered = 0;
  let expected = 0;
  const depacketizer = createDepacketizer(FORMAT, (unit) => {
    delivered++;
    const original = sent.get(unit.rtpTimestamp);
    must(original !== undefined, 'a unit has the timestamp of one that was sent');
    if (!lossy) {
      must(sameParts(unit.parts, original.parts), 'a unit is as it was sent');
      must(!unit.discontinuity || delivered === 1, 'nothing is missing where all came');
      return;
    }
    // What stands before the picture may be lost, and parameter sets of a lost unit go ahead of the next.
    must(sameParts(slices(unit.parts), slices(original.parts)), 'the picture is as it was sent');
    const foreign = unit.parts.filter((part) => !original.parts.some((own) => own.equals(part)));
    must(
      foreign.every((part) => [7, 8].includes(part[0]! & 0x1f)),
      'only parameter sets are kept',
    );
  });
  let timestamp = 0xffff_ff00;
  let lost = false;
  let packets = 0;
  while (!decisions.done && packets < MOST_STEPS) {
    timestamp = (timestamp + 3000) >>> 0;
    const unit = unitOf(decisions, timestamp);
    sent.set(timestamp, unit);
    expected++;
    for (const [at, payload] of unit.payloads.entries()) {
      packets++;
      if (lossy && (decisions.byte() & 7) === 7) {
        lost = true;
        continue;
      }
      const marker = at === unit.payloads.length - 1;
      depacketizer.push(packetOf(timestamp, payload, marker), lost);
      lost = false;
    }
  }
  // Nobody can tell that the end of the last unit is lost.
  if (!lossy) depacketizer.flush();
  must(lossy || delivered === expected, 'each unit comes out');
  must(lossy || depacketizer.malformed === 0, 'nothing of a right stream is malformed');
}
