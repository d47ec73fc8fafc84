import t from 'tap';
import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { AccessUnit } from '../../src/media/access-unit.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { TrackReceiver } from '../../src/rtp/track-receiver.ts';
import {
  aggregate,
  H264_FORMAT,
  makePacket,
  OPUS_FORMAT,
  packetizeNalUnit,
  RTX_FORMAT,
  retransmit,
  seededRandom,
} from './packets.ts';

const EPOCH_US = 1_700_000_000_000_000;
const MS = 1000;

function makeSection(
  kind: 'video' | 'audio',
  feedback: Partial<MediaSection['feedback']> = { nack: true, pli: true },
): MediaSection {
  return {
    mid: '0',
    kind,
    formats: kind === 'video' ? [H264_FORMAT, RTX_FORMAT] : [OPUS_FORMAT],
    extensions: {},
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: {
      nack: false,
      pli: false,
      fir: false,
      transportCc: false,
      remb: false,
      ...feedback,
    },
  };
}

/** A receiver with a clock of its own, and what came out of it. */
function setUp(section = makeSection('video')) {
  const units: AccessUnit[] = [];
  const nacks: { ssrc: number; sequenceNumbers: number[] }[] = [];
  const keyframeRequests: number[] = [];
  let nowUs = EPOCH_US;
  const events = {
    onAccessUnit: (unit: AccessUnit) => units.push(unit),
    sendNack: (ssrc: number, sequenceNumbers: number[]) => nacks.push({ ssrc, sequenceNumbers }),
    sendKeyframeRequest: (ssrc: number) => keyframeRequests.push(ssrc),
  };
  const receiver = new TrackReceiver(section, events, { createDepacketizer });
  receiver.tick(nowUs);
  return {
    units,
    nacks,
    keyframeRequests,
    receiver,
    now: () => nowUs,
    receive: (packet: RtpPacket) => receiver.receive({ ...packet, arrivalUs: nowUs }),
    retransmission: (packet: RtpPacket) =>
      receiver.receiveRetransmission({ ...packet, arrivalUs: nowUs }),
    /** Lets time pass with a tick every 20 ms. */
    pass: (milliseconds: number, isOut = false) => {
      for (let passed = 0; passed < milliseconds; passed += 20) {
        nowUs += 20 * MS;
        receiver.tick(nowUs, isOut);
      }
    },
    timestamps: () =>
      units.map((unit) => `${unit.rtpTimestamp}${unit.discontinuity ? '!' : ''}`).join(' '),
  };
}

/** One picture in one packet; timestamp and sequence number alike. */
const picture = (n: number, fields: Partial<RtpPacket> = {}) =>
  makePacket({
    sequenceNumber: n & 0xffff,
    timestamp: n,
    marker: true,
    payload: Buffer.of(0x41, 0x9a, n & 0xff),
    ...fields,
  });
const sps = Buffer.of(0x67, 0x42, 0xe0, 0x1f);
const keyPicture = (n: number, fields: Partial<RtpPacket> = {}) =>
  picture(n, { payload: aggregate([sps, Buffer.of(0x65, 0x88, n & 0xff)]), ...fields });
const sound = (n: number, fields: Partial<RtpPacket> = {}) =>
  makePacket({
    payloadType: 111,
    sequenceNumber: n & 0xffff,
    timestamp: n,
    payload: Buffer.of(0xf8, 0xff, 0xfe),
    ...fields,
  });

t.test('packets become access units, across the wrap', async (t) => {
  const { receive, timestamps, receiver, units } = setUp();
  t.equal(receiver.ssrc, undefined);
  t.equal(receiver.reportBlock(EPOCH_US), undefined);
  receive(keyPicture(65_534));
  for (const n of [65_535, 65_536, 65_537]) receive(picture(n));
  t.equal(receiver.ssrc, 0x1234);
  t.equal(timestamps(), '65534 65535 65536 65537');
  t.equal(units[0]?.arrivalUs, EPOCH_US);
  t.match(receiver.statistics(), {
    packetsReceived: 4,
    packetsLost: 0,
    packetsRecovered: 0,
    duplicates: 0,
    malformed: 0,
    accessUnits: 4,
    keyframes: 1,
    bytes: 12 + 9,
    nacksSent: 0,
    plisSent: 0,
  });
  t.match(receiver.reportBlock(EPOCH_US), { ssrc: 0x1234, cumulativeLost: 0 });
});

t.test('a lost packet is asked for, and a retransmission fills its place', async (t) => {
  const { receive, retransmission, timestamps, receiver, nacks } = setUp();
  receive(keyPicture(1));
  receive(picture(3));
  receive(picture(4));
  t.same(nacks, [{ ssrc: 0x1234, sequenceNumbers: [2] }]);
  t.equal(timestamps(), '1');
  retransmission(retransmit(picture(2), 900));
  retransmission(retransmit(picture(3), 901));
  retransmission(makePacket({ ssrc: 0x5678, payloadType: 97, payload: Buffer.alloc(0) }));
  t.equal(timestamps(), '1 2 3 4');
  t.match(receiver.statistics(), {
    packetsReceived: 4,
    packetsRecovered: 1,
    duplicates: 1,
    malformed: 0,
    nacksSent: 1,
  });
  t.match(receiver.reportBlock(EPOCH_US), { cumulativeLost: 1 }, 'the network did lose it');
});

t.test('the packet may also be sent again on its own SSRC', async (t) => {
  const { receive, pass, timestamps, receiver } = setUp();
  for (const n of [3, 4, 2]) receive(picture(n));
  t.equal(timestamps(), '3 4', 'before the first there is nothing to fill');
  for (const n of [6, 7]) receive(picture(n));
  pass(40);
  for (const n of [5, 6]) receive(picture(n));
  t.equal(timestamps(), '3 4 5 6 7');
  t.match(receiver.statistics(), { packetsRecovered: 1, packetsReordered: 0, duplicates: 2 });
});

t.test('a packet that never comes is given up after a second', async (t) => {
  const { receive, pass, timestamps, receiver, nacks, keyframeRequests } = setUp();
  receive(keyPicture(1));
  receive(picture(3));
  pass(980);
  t.equal(timestamps(), '1');
  t.equal(nacks.length, 5);
  t.equal(keyframeRequests.length, 0, 'it began with a keyframe');
  pass(20);
  t.equal(timestamps(), '1 3!');
  t.equal(keyframeRequests.length, 1, 'the loss is beyond repair');
  t.match(receiver.statistics(), { packetsLost: 1, packetsReceived: 2 });
  pass(1000);
  receive(picture(2));
  t.equal(nacks.length, 5, 'nobody asks any more');
  t.equal(timestamps(), '1 3!');
});

t.test('an outage is no part of the wait for a packet that was asked for', async (t) => {
  const { receive, retransmission, pass, timestamps, receiver, nacks } = setUp();
  receive(keyPicture(1));
  receive(picture(3));
  pass(240);
  const before = nacks.length;
  pass(3000, true);
  t.equal(nacks.length, before, 'nobody could hear');
  t.equal(timestamps(), '1', 'and nothing is given up');
  receive(picture(4));
  pass(20);
  t.same(nacks.at(-1)?.sequenceNumbers, [2], 'asked for again at once');
  t.equal(nacks.length, before + 1);
  retransmission(retransmit(picture(2), 900));
  t.equal(timestamps(), '1 2 3 4');
  t.match(receiver.statistics(), { packetsLost: 0, packetsRecovered: 1 });
});

t.test('where nobody answers, an outage makes nothing wait', async (t) => {
  const { receive, pass, timestamps } = setUp(makeSection('video', {}));
  receive(keyPicture(1));
  receive(picture(3));
  pass(1000, true);
  t.equal(timestamps(), '1 3!');
});

t.test('without NACK the wait is as long as the network mixes packets up', async (t) => {
  const { receive, pass, timestamps, receiver } = setUp(makeSection('audio', {}));
  const late = (n: number, milliseconds: number) => {
    receive(sound(n + 1));
    pass(milliseconds);
    receive(sound(n));
    pass(20);
  };
  receive(sound(1));
  late(2, 400);
  t.equal(timestamps(), '1 3!', 'the first one is given up too early');
  t.match(receiver.statistics(), { packetsLost: 1, duplicates: 1 });
  late(4, 400);
  late(6, 400);
  t.equal(timestamps(), '1 3! 4 5 6 7');
  t.match(receiver.statistics(), { packetsLost: 1, packetsReordered: 2, packetsRecovered: 0 });
  receive(sound(9));
  pass(980);
  t.notMatch(timestamps(), /9/);
  pass(40);
  t.match(timestamps(), /9!$/, 'but never more than a second');
});

t.test('NACKs that nobody answers are not waited for', async (t) => {
  const { receive, pass, timestamps, nacks } = setUp();
  receive(keyPicture(1));
  for (let n = 3; n < 200; n += 2) receive(picture(n));
  pass(1200);
  const asked = nacks.length;
  receive(picture(202));
  receive(picture(203));
  pass(240);
  t.notMatch(timestamps(), /202/);
  pass(20);
  t.match(timestamps(), /202! 203$/);
  t.ok(nacks.length > asked, 'but asked for all the same');
});

t.test('a stream that ends delivers what waits for packets', async (t) => {
  const { receive, timestamps, receiver } = setUp();
  receive(keyPicture(1));
  for (const n of [3, 4]) receive(picture(n));
  receive(picture(5, { marker: false }));
  receiver.flush();
  t.equal(timestamps(), '1 3! 4', 'but for the picture that is not whole');
  t.equal(receiver.statistics().packetsLost, 1);
});

t.test('a loss in a picture that no other refers to costs that one alone', async (t) => {
  const { receive, pass, timestamps, receiver, keyframeRequests } = setUp();
  receive(keyPicture(1));
  const part = (n: number, firstByte: number, marker = false) =>
    receive(picture(n, { timestamp: 2, marker, payload: Buffer.of(firstByte, 0x9a, n) }));
  part(2, 0x01);
  part(4, 0x01, true);
  receive(picture(5));
  pass(1000);
  t.equal(timestamps(), '1 5');
  t.same(keyframeRequests, []);
  t.match(receiver.statistics(), { packetsLost: 1, accessUnitsBroken: 1, accessUnits: 2 });

  const other = setUp();
  other.receive(keyPicture(1));
  other.receive(picture(2, { marker: false, payload: Buffer.of(0x01, 0x9a, 2) }));
  other.receive(picture(4));
  other.pass(1000);
  t.equal(other.timestamps(), '1 4!', 'the next picture may have been lost in part too');
  t.equal(other.keyframeRequests.length, 1);
});

t.test('time asleep does not count, the packets may wait in the socket', async (t) => {
  const { receive, receiver, timestamps, now } = setUp();
  receive(keyPicture(1));
  receive(picture(3));
  receiver.tick(now() + 5000 * MS);
  receive(picture(2));
  t.equal(timestamps(), '1 2 3');
});

t.test('without negotiated feedback none is sent and reordering alone is waited for', async (t) => {
  const { receive, pass, timestamps, nacks, keyframeRequests, receiver } = setUp(
    makeSection('video', {}),
  );
  receive(picture(1));
  receive(picture(3));
  pass(240);
  t.equal(timestamps(), '1');
  pass(20);
  t.equal(timestamps(), '1 3!');
  receiver.requestKeyframe(EPOCH_US + 10_000 * MS);
  receive(picture(1000));
  pass(5000);
  t.same(nacks, []);
  t.same(keyframeRequests, []);
});

t.test('an outage of some hundred packets: a keyframe instead of NACKs, no waiting', async (t) => {
  const { receive, pass, timestamps, nacks, keyframeRequests, receiver } = setUp();
  receive(keyPicture(65_400));
  pass(2000);
  for (const n of [65_960, 65_961]) receive(picture(n));
  t.equal(timestamps(), '65400 65960! 65961');
  t.same(nacks, []);
  t.equal(keyframeRequests.length, 1);
  t.equal(receiver.statistics().packetsLost, 559);
});

t.test('a jump is followed with its second packet, and costs no packet', async (t) => {
  for (const target of [10_000, 40_000, 60_000]) {
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [0, 2, 3],
    ]) {
      const { receive, timestamps, receiver } = setUp();
      receive(keyPicture(5000));
      receive(picture(5002));
      for (const offset of order) receive(picture(target + offset));
      const sorted = order.toSorted().map((offset) => target + offset);
      const expected = `5000 5002! ${sorted[0]}! ${sorted.slice(1).join(' ')}`;
      if (order[1] === 2) {
        t.equal(timestamps(), `5000 5002! ${sorted[0]}!`, 'a gap after the jump is a usual gap');
        receive(picture(target + 1));
        continue;
      }
      t.equal(timestamps(), expected);
      t.match(receiver.reportBlock(EPOCH_US), { cumulativeLost: 0 });
      t.equal(receiver.statistics().malformed, 0);
    }
  }
});

t.test('a stray packet changes nothing', async (t) => {
  const { receive, timestamps, receiver } = setUp();
  receive(keyPicture(1));
  receive(picture(30_000));
  receive(picture(30_000));
  receive(picture(2));
  receive(picture(30_001));
  receive(picture(3));
  receive(picture(50_000));
  receive(picture(20_000));
  receive(picture(4));
  t.equal(timestamps(), '1 2 3 4');
  t.match(receiver.statistics(), { malformed: 4, duplicates: 1, packetsReceived: 4 });
});

t.test('keyframes are asked for until the first one, and on request', async (t) => {
  const { receive, pass, keyframeRequests, receiver, now } = setUp();
  receiver.requestKeyframe(now());
  pass(1000);
  t.same(keyframeRequests, [], 'nobody to ask yet');
  receive(picture(1));
  t.same(keyframeRequests, [0x1234]);
  pass(800);
  t.equal(keyframeRequests.length, 3);
  receive(keyPicture(2));
  pass(10_000);
  t.equal(keyframeRequests.length, 3);
  receiver.requestKeyframe(now());
  t.equal(keyframeRequests.length, 4);
  receive(keyPicture(3));
  pass(10_000);
  t.equal(keyframeRequests.length, 4);
  t.equal(receiver.statistics().plisSent, 4);
});

t.test('where only FIR was negotiated keyframes are asked for too', async (t) => {
  const { receive, keyframeRequests } = setUp(makeSection('video', { fir: true }));
  receive(picture(1));
  t.same(keyframeRequests, [0x1234]);
});

t.test('a keyframe without parameter sets does not end the asking for the first one', async (t) => {
  const { receive, pass, keyframeRequests } = setUp();
  receive(picture(1, { payload: Buffer.of(0x65, 0x88, 1) }));
  pass(300);
  t.equal(keyframeRequests.length, 2);
  receive(keyPicture(2));
  receive(picture(3, { payload: Buffer.of(0x65, 0x88, 1) }));
  pass(5000);
  t.equal(keyframeRequests.length, 2);
});

t.test('a keyframe behind the loss makes the request for it needless', async (t) => {
  const { receive, pass, keyframeRequests, timestamps } = setUp();
  receive(keyPicture(1));
  receive(picture(3));
  receive(keyPicture(4));
  pass(2000);
  t.equal(timestamps(), '1 3! 4');
  t.equal(keyframeRequests.length, 0);
});

t.test('audio asks for no keyframes and counts none', async (t) => {
  const { receive, pass, keyframeRequests, receiver } = setUp(makeSection('audio'));
  receive(sound(1));
  receive(sound(3));
  receiver.requestKeyframe(EPOCH_US);
  pass(3000);
  t.same(keyframeRequests, []);
  t.match(receiver.statistics(), { accessUnits: 2, keyframes: 0, packetsLost: 1 });
});

t.test('comfort noise and telephone events keep their numbers but are no audio', async (t) => {
  const { receive, timestamps, receiver } = setUp(makeSection('audio'));
  receive(sound(1));
  receive(sound(2, { payloadType: 13 }));
  receive(sound(3, { payloadType: 126 }));
  receive(sound(4));
  t.equal(timestamps(), '1 4');
  t.match(receiver.statistics(), { malformed: 2, packetsLost: 0, packetsReceived: 4 });
});

t.test('a loss before a packet of unknown type is told by the next unit', async (t) => {
  const { receive, pass, timestamps } = setUp(makeSection('audio'));
  receive(sound(1));
  receive(sound(3, { payloadType: 13 }));
  receive(sound(4));
  pass(2000);
  t.equal(timestamps(), '1 4!');
});

t.test('another SSRC: nothing mixes, what was waiting comes out first', async (t) => {
  const { receive, retransmission, timestamps, receiver, keyframeRequests, pass, nacks } = setUp();
  receive(picture(1));
  receive(picture(3));
  receive(picture(4, { marker: false }));
  receive(picture(7, { ssrc: 0x9999 }));
  t.equal(receiver.statistics().malformed, 1, 'before restart it is foreign');
  receiver.onSenderReport(0x1111, EPOCH_US);
  receiver.restart(0x9999);
  t.equal(receiver.ssrc, 0x9999);
  t.equal(timestamps(), '1 3!', 'the picture that was not finished is not delivered');
  t.equal(receiver.reportBlock(EPOCH_US), undefined);

  retransmission(retransmit(picture(2), 900));
  receive(picture(2, { ssrc: 0x9999 }));
  receive(keyPicture(3, { ssrc: 0x9999 }));
  pass(2000);
  t.equal(timestamps(), '1 3! 2! 3');
  t.same(keyframeRequests, [0x1234, 0x9999]);
  t.same(nacks, [{ ssrc: 0x1234, sequenceNumbers: [2] }]);
  t.match(receiver.reportBlock(EPOCH_US), {
    ssrc: 0x9999,
    cumulativeLost: 0,
    lastSenderReport: 0,
  });
  t.match(receiver.statistics(), { packetsReceived: 5, packetsLost: 1, keyframes: 1 });
});

t.test('sender reports come back in the report block', async (t) => {
  const { receive, receiver } = setUp();
  receive(keyPicture(1));
  receiver.onSenderReport(0xcafe, EPOCH_US);
  t.match(receiver.reportBlock(EPOCH_US + 500 * MS), {
    lastSenderReport: 0xcafe,
    delaySinceLastSenderReport: 32_768,
  });
});

/** A stream of pictures with slices, parameter sets and fragments, and its packets. */
function makeStream(random: () => number, pictures: number) {
  const bytes = (length: number) =>
    Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const sent = new Map<number, Buffer[]>();
  const packets: RtpPacket[] = [];
  let sequenceNumber = Math.floor(random() * 65_536);
  for (let index = 0; index < pictures; index++) {
    const isKey = index % 10 === 0;
    const parameterSets = isKey ? [Buffer.of(0x67, 0x42), Buffer.of(0x68, index & 0xff)] : [];
    const header = isKey ? 0x65 : 0x41;
    const slices = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, slice) =>
      Buffer.concat([
        Buffer.of(header, slice === 0 ? 0x80 : 0x40),
        bytes(1 + Math.floor(random() * 400)),
      ]),
    );
    const payloads = [
      ...(isKey ? [aggregate(parameterSets)] : []),
      ...slices.flatMap((slice) => packetizeNalUnit(slice, 100)),
    ];
    for (const [at, payload] of payloads.entries()) {
      packets.push(
        makePacket({
          sequenceNumber,
          timestamp: index * 3000,
          marker: at === payloads.length - 1,
          payload,
        }),
      );
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
    }
    sent.set(index * 3000, [...parameterSets, ...slices]);
  }
  return { sent, packets };
}

t.test('a bad network: all that comes out is bit-exact, all that does not is told', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    const { sent, packets } = makeStream(random, 120);
    /** Odd seeds recover everything, even ones lose a part for good. */
    const losesForGood = seed % 2 === 0;
    const { receiver, units } = setUp();
    const arrivals: { at: number; packet: RtpPacket; isRetransmission: boolean }[] = [];
    const lost = new Set<RtpPacket>();
    for (const [index, packet] of packets.entries()) {
      const at = index * 4;
      const isFirst = index === 0;
      if (isFirst || random() > 0.06) {
        const delay = isFirst ? 0 : random() * 40;
        arrivals.push({ at: at + delay, packet, isRetransmission: false });
        if (random() < 0.03) {
          arrivals.push({ at: at + delay + random() * 200, packet, isRetransmission: false });
        }
        if (random() > 0.03) continue;
      } else if (losesForGood && random() < 0.3) {
        lost.add(packet);
        continue;
      }
      const again = retransmit(packet, index & 0xffff);
      arrivals.push({ at: at + 100 + random() * 500, packet: again, isRetransmission: true });
    }
    arrivals.sort((a, b) => a.at - b.at);
    let nextTick = 0;
    for (const { at, packet, isRetransmission } of arrivals) {
      for (; nextTick <= at; nextTick += 20) receiver.tick(EPOCH_US + nextTick * MS);
      const arrived = { ...packet, arrivalUs: EPOCH_US + Math.round(at * MS) };
      if (isRetransmission) receiver.receiveRetransmission(arrived);
      else receiver.receive(arrived);
    }
    for (let end = nextTick + 3000; nextTick < end; nextTick += 20) {
      receiver.tick(EPOCH_US + nextTick * MS);
    }

    const harmed = new Set([...lost].map((packet) => packet.timestamp));
    for (const unit of units) {
      if (harmed.has(unit.rtpTimestamp)) t.fail(`${unit.rtpTimestamp} misses a packet`);
    }
    const expected = [...sent.keys()].filter((timestamp) => !harmed.has(timestamp));
    const last = packets.at(-1)!;
    const seen = units.map((unit) => unit.rtpTimestamp);
    t.same(
      seen,
      lost.has(last) ? expected.filter((timestamp) => timestamp !== last.timestamp) : expected,
      `seed ${seed}: each unit without loss comes out, once and in order`,
    );
    let previous = -3000;
    for (const unit of units) {
      const gap = unit.rtpTimestamp !== previous + 3000;
      if (gap !== unit.discontinuity) t.fail(`seed ${seed}: ${unit.rtpTimestamp} tells ${!gap}`);
      previous = unit.rtpTimestamp;
      const whole = sent.get(unit.rtpTimestamp)!;
      // Parameter sets of a dropped keyframe may go ahead of the unit.
      const own = unit.parts.slice(unit.parts.length - whole.length);
      if (!Buffer.concat(own).equals(Buffer.concat(whole))) {
        t.fail(`seed ${seed}: ${unit.rtpTimestamp} differs`);
      }
      if (!unit.discontinuity && own.length !== unit.parts.length) t.fail('more than was sent');
    }
    const statistics = receiver.statistics();
    t.equal(losesForGood, harmed.size > 0);
    if (!lost.has(last)) t.equal(statistics.packetsLost, lost.size);
    t.equal(statistics.malformed, 0);
    t.ok(statistics.packetsRecovered > 10 && statistics.packetsReordered > 50);
    t.ok(statistics.duplicates > 10);
  }
});

t.test(
  'random packets and times: no exception, and a clean stream passes afterwards',
  async (t) => {
    const random = seededRandom(77);
    const { receiver, units } = setUp();
    let nowUs = EPOCH_US;
    const pick = (limit: number) => Math.floor(random() * limit);
    let base = 0;
    for (let round = 0; round < 40_000; round++) {
      nowUs += pick(5000);
      if (random() < 0.01) base = pick(65_536);
      const packet = makePacket({
        payloadType: random() < 0.8 ? 96 : 96 + pick(30),
        sequenceNumber: (base++ + pick(5)) & 0xffff,
        timestamp: random() < 0.9 ? round : pick(2 ** 32),
        marker: random() < 0.3,
        payload: Buffer.from(Array.from({ length: pick(20) }, () => pick(256))),
        arrivalUs: nowUs,
      });
      if (random() < 0.1) receiver.receiveRetransmission({ ...packet, payloadType: 97 });
      else receiver.receive(packet);
      if (round % 7 === 0) receiver.tick(nowUs);
      if (round % 5000 === 0) receiver.reportBlock(nowUs);
    }
    t.ok(receiver.statistics().malformed > 1000);
    receiver.restart(0x1234);
    const before = units.length;
    const { sent, packets } = makeStream(random, 20);
    for (const packet of packets) receiver.receive({ ...packet, arrivalUs: nowUs });
    t.same(
      units.slice(before).map((unit) => unit.parts),
      [...sent.values()],
    );
  },
);
