import t from 'tap';
import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { PayloadFormat } from '../../src/media/payload-format.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import { TrackDepacketizer } from '../../src/rtp/track-depacketizer.ts';
import { repeat } from '../thoroughness.ts';
import { makePacket, OPUS_FORMAT, seededRandom } from './packets.ts';
import { redundantPayload } from './redundancy.ts';

const RED_FORMAT: PayloadFormat = {
  ...{ payloadType: 63, codec: 'red', clockRate: 48_000, channels: 2, parameters: {} },
  redundancy: [111, 111],
};
const PCMU_FORMAT: PayloadFormat = {
  ...{ payloadType: 0, codec: 'pcmu', clockRate: 8000, parameters: {} },
};

function setUp() {
  const formats: PayloadFormat[] = [];
  for (const format of [OPUS_FORMAT, RED_FORMAT, PCMU_FORMAT]) {
    formats[format.payloadType] = format;
  }
  const units: AccessUnit[] = [];
  const track = new TrackDepacketizer(formats, (unit) => units.push(unit), { createDepacketizer });
  return { units, track };
}

/** Opus of 20 ms that says which it is. */
const opus = (index: number) => Buffer.from([0xf8, index >> 8, index & 0xff]);
const timestampOf = (index: number) => (4_294_900_000 + index * 960) % 2 ** 32;

/** Packet `index` with so many of those before it once more. */
function packet(index: number, depth: number): RtpPacket {
  const blocks = Array.from({ length: depth + 1 }, (_, i) => {
    const back = depth - i;
    return { payloadType: 111, offset: back * 960, payload: opus(index - back) };
  });
  return makePacket({
    ...{ payloadType: 63, payload: redundantPayload(blocks) },
    ...{ sequenceNumber: (65_500 + index) & 0xffff, timestamp: timestampOf(index) },
  });
}

/** Gives all packets but lost ones, as a reorder buffer does once it has given them up. */
function deliver(track: TrackDepacketizer, packets: RtpPacket[], isLost: (i: number) => boolean) {
  let lostBefore = false;
  for (const [i, each] of packets.entries()) {
    if (isLost(i)) {
      lostBefore = true;
      continue;
    }
    if (lostBefore) track.noteLoss();
    lostBefore = false;
    track.push(each);
  }
}

t.test('lost packets are restored from those behind them, in their place', async (t) => {
  const { units, track } = setUp();
  const packets = Array.from({ length: 6 }, (_, i) => packet(10 + i, 1));
  deliver(track, packets, (i) => i === 2 || i === 4);
  t.same(
    units.map(({ parts, rtpTimestamp }) => [parts[0], rtpTimestamp]),
    [10, 11, 12, 13, 14, 15].map((index) => [opus(index), timestampOf(index)]),
  );
  t.notOk(units.some(({ discontinuity }) => discontinuity));
  t.equal(track.restored, 2);
  t.equal(track.malformed, 0);
});

t.test('whatever is lost, what redundancy reaches comes once and in order', async (t) => {
  const random = seededRandom(2198);
  for (let round = 0; round < repeat(400, 60); round++) {
    const depth = Math.floor(random() * 4);
    const rate = random() * 0.6;
    const packets = Array.from({ length: 80 }, (_, i) => packet(100 + i, depth));
    const lost = packets.map((_, i) => i > 0 && random() < rate);
    const { units, track } = setUp();
    deliver(track, packets, (i) => lost[i]!);
    const last = lost.lastIndexOf(false);
    const expected: number[] = [];
    for (let i = 0; i <= last; i++) {
      const next = lost.indexOf(false, i);
      if (next - i <= depth) expected.push(100 + i);
    }
    const own = units.map(({ parts }) => parts[0]!.readUInt16BE(1));
    if (!t.strictSame(own, expected, `${depth} before each, ${lost.map(Number).join('')}`)) return;
    t.equal(
      track.restored,
      expected.length - packets.filter((_, i) => i <= last && !lost[i]).length,
    );
    const gaps = units.filter(({ discontinuity }) => discontinuity).length;
    if (expected.length === last + 1) t.equal(gaps, 0, 'nothing is missing');
    else t.ok(gaps > 0, 'what is missing shows');
  }
});

t.test('nothing is restored where nothing is lost, and nothing twice', async (t) => {
  const { units, track } = setUp();
  // Packets without redundancy between others, and a pause in which nothing was sent.
  const packets = [packet(10, 2), packet(11, 0), packet(12, 2)];
  packets.push(makePacket({ ...packet(13, 0), payloadType: 111, payload: opus(13) }));
  const later = { ...packet(30, 2), sequenceNumber: (65_500 + 14) & 0xffff };
  deliver(track, [...packets, later], () => false);
  t.same(
    units.map(({ parts }) => parts[0]!.readUInt16BE(1)),
    [10, 11, 12, 13, 30],
  );
  t.equal(track.restored, 0);
  t.notOk(
    units.some(({ discontinuity }) => discontinuity),
    'a pause is no loss',
  );
});

t.test('a lost packet after a pause is restored, one that was never sent is not', async (t) => {
  const { units, track } = setUp();
  track.push(packet(10, 1));
  track.noteLoss();
  // 11 is lost, then nothing is sent until 40; its redundancy is of 39, which was not sent either.
  track.push({ ...packet(40, 0), sequenceNumber: (65_500 + 12) & 0xffff });
  t.same(
    units.map(({ parts, discontinuity }) => [parts[0]!.readUInt16BE(1), discontinuity]),
    [
      [10, false],
      [40, true],
    ],
  );
});

t.test('payloads that make no sense are counted and leave the rest alone', async (t) => {
  const { units, track } = setUp();
  track.push(packet(10, 1));
  for (const payload of [
    Buffer.alloc(0),
    Buffer.of(0xef, 0, 4, 0),
    redundantPayload([{ payloadType: 63, offset: 0, payload: opus(11) }]),
    redundantPayload([{ payloadType: 13, offset: 0, payload: opus(11) }]),
  ]) {
    track.push(makePacket({ payloadType: 63, payload }));
  }
  track.push(makePacket({ payloadType: 13 }));
  track.push(packet(11, 1));
  t.equal(units.length, 2);
  t.equal(track.malformed, 5);
});

t.test('another codec gets another depacketizer; the first counts on', async (t) => {
  const { units, track } = setUp();
  track.push(makePacket({ payloadType: 111, payload: Buffer.of(0xff, 0) }));
  track.push(makePacket({ payloadType: 0, payload: Buffer.alloc(160) }));
  t.equal(track.malformed, 1);
  t.same(
    units.map(({ codec, discontinuity }) => [codec, discontinuity]),
    [['pcmu', true]],
  );
});
