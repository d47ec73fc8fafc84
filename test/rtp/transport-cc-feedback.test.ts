import t from 'tap';
import {
  RtcpPacketConverter,
  RtcpTransportLayerFeedback,
  RunLengthChunk,
  StatusVectorChunk,
  TransportWideCC,
} from 'werift';
import { TransportCcFeedback } from '../../src/rtp/transport-cc-feedback.ts';
import { seededRandom } from './packets.ts';

/** One feedback message as another implementation parses it. */
interface Told {
  base: number;
  count: number;
  feedbackCount: number;
  /** Statuses in order from `base`: µs of arrival modulo the 24 bits of 64 ms, or undefined. */
  arrivals: (number | undefined)[];
}

function read(packet: Buffer): Told {
  if (packet.length > 1200) throw new Error(`${packet.length} bytes are too many`);
  if (packet.readUInt16BE(2) !== packet.length / 4 - 1) throw new Error('wrong length');
  const [message] = RtcpPacketConverter.deSerialize(packet);
  if (!(message instanceof RtcpTransportLayerFeedback)) throw new Error('no transport feedback');
  const feedback = message.feedback;
  if (!(feedback instanceof TransportWideCC)) throw new Error('no transport-cc');
  if (feedback.senderSsrc !== 0x98765432) throw new Error('wrong sender');
  if (feedback.mediaSourceSsrc !== 0xfedcba98) throw new Error('wrong media source');
  const statuses: number[] = [];
  for (const chunk of feedback.packetChunks) {
    if (chunk instanceof RunLengthChunk) {
      for (let count = 0; count < chunk.runLength; count++) statuses.push(chunk.packetStatus);
    } else if (chunk instanceof StatusVectorChunk) {
      statuses.push(...chunk.symbolList);
    }
  }
  if (statuses.length < feedback.packetStatusCount) throw new Error('statuses are missing');
  statuses.length = feedback.packetStatusCount;
  let atUs = feedback.referenceTime * 64_000;
  let deltas = 0;
  const arrivals = statuses.map((status) => {
    if (status === 0) return undefined;
    if (status === 3) throw new Error('reserved status');
    atUs += feedback.recvDeltas[deltas++]!.delta;
    return atUs;
  });
  if (deltas !== feedback.recvDeltas.length) throw new Error('deltas are left over');
  return {
    base: feedback.baseSequenceNumber,
    count: feedback.packetStatusCount,
    feedbackCount: feedback.fbPktCount,
    arrivals,
  };
}

const SSRC = 0xfedcba98;
const START_US = 1_753_315_200_000_000;
const WRAP_US = 2 ** 24 * 64_000;

function listen() {
  const told: Told[] = [];
  const feedback = new TransportCcFeedback(0x98765432, (packet) => told.push(read(packet)));
  return { told, feedback };
}

t.test('tells when each packet arrived, and which did not', async (t) => {
  const { told, feedback } = listen();
  const arrivals = new Map([
    [10, START_US + 100],
    [11, START_US + 1100],
    [13, START_US + 90_000],
    [12, START_US + 95_000],
    [17, START_US + 95_250],
  ]);
  for (const [sequenceNumber, atUs] of arrivals) feedback.onPacket(sequenceNumber, SSRC, atUs);
  t.equal(told.length, 0, 'not before the interval is over');
  feedback.tick(START_US + 100_099);
  t.equal(told.length, 0);
  feedback.tick(START_US + 100_100);
  t.equal(told.length, 1);
  t.match(told[0], { base: 10, count: 8, feedbackCount: 0 });
  const expected = [10, 11, 12, 13, 14, 15, 16, 17].map((sequenceNumber) => {
    const atUs = arrivals.get(sequenceNumber);
    return atUs === undefined ? undefined : (Math.floor(atUs / 250) * 250) % WRAP_US;
  });
  t.same(told[0]?.arrivals, expected, '250 µs exactly, also backwards');
  feedback.tick(START_US + 1_000_000);
  t.equal(told.length, 1, 'silent while nothing arrives');
});

t.test('feedback follows feedback without gap, through the wrap', async (t) => {
  const { told, feedback } = listen();
  let nowUs = START_US;
  for (let sequence = 65_000; sequence < 65_000 + 2000; sequence++) {
    nowUs += 3000;
    if (sequence % 7 !== 0) feedback.onPacket(sequence & 0xffff, SSRC, nowUs);
    feedback.tick(nowUs);
  }
  t.ok(told.length > 40);
  let next = told[0]!.base;
  for (const [position, { base, count, feedbackCount }] of told.entries()) {
    if (base !== next || feedbackCount !== (position & 0xff)) t.fail(`feedback ${position}`);
    next = (base + count) & 0xffff;
  }
});

t.test('100 packets are told of at once', async (t) => {
  const { told, feedback } = listen();
  for (let sequence = 0; sequence < 250; sequence++) feedback.onPacket(sequence, SSRC, START_US);
  t.same(
    told.map(({ base, count }) => [base, count]),
    [
      [0, 100],
      [100, 100],
    ],
  );
});

t.test('a duplicate is not told of twice, a late packet once, alone', async (t) => {
  const { told, feedback } = listen();
  const at = (milliseconds: number) => START_US + milliseconds * 1000;
  for (const sequence of [1, 2, 2, 6]) feedback.onPacket(sequence, SSRC, at(0));
  feedback.tick(at(100));
  for (const sequence of [2, 3, 4, 6, 7, 8]) feedback.onPacket(sequence, SSRC, at(110));
  feedback.tick(at(210));
  feedback.onPacket(7, SSRC, at(220));
  feedback.tick(at(320));
  t.same(
    told.map(({ base, arrivals }) => [base, arrivals.map((atUs) => atUs !== undefined)]),
    [
      [1, [true, true, false, false, false, true]],
      [3, [true, true]],
      [7, [true, true]],
    ],
  );
});

t.test('a packet 9 s later goes into a feedback of its own', async (t) => {
  const { told, feedback } = listen();
  feedback.onPacket(1, SSRC, START_US);
  feedback.onPacket(2, SSRC, START_US + 8_000_000);
  feedback.onPacket(4, SSRC, START_US + 17_000_000);
  feedback.tick(START_US + 17_000_000);
  t.same(
    told.map(({ base, count }) => [base, count]),
    [
      [1, 2],
      [3, 2],
    ],
  );
  t.equal(told[1]!.arrivals[1], (START_US + 17_000_000) % WRAP_US);
});

t.test('the reference time may wrap its 24 bits', async (t) => {
  const { told, feedback } = listen();
  const beforeUs = Math.ceil(START_US / WRAP_US) * WRAP_US - 30_000;
  feedback.onPacket(1, SSRC, beforeUs);
  feedback.onPacket(2, SSRC, beforeUs + 60_000);
  feedback.tick(beforeUs + 100_000);
  feedback.onPacket(3, SSRC, beforeUs + 120_000);
  feedback.tick(beforeUs + 220_000);
  t.same(told[0]?.arrivals, [WRAP_US - 30_000, WRAP_US + 30_000]);
  t.same(told[1]?.arrivals, [90_000]);
});

for (const [what, jump] of [
  ['forward', 20_000],
  ['back', -20_000],
  ['by half', 32_768],
] as const) {
  t.test(`a jump of the numbering ${what} is followed, and told as no loss`, async (t) => {
    const { told, feedback } = listen();
    let nowUs = START_US;
    const send = (first: number) => {
      for (let sequence = first; sequence < first + 100; sequence++) {
        nowUs += 5000;
        feedback.onPacket(sequence & 0xffff, SSRC, nowUs);
        feedback.tick(nowUs);
      }
      feedback.tick(nowUs + 100_000);
    };
    send(40_000);
    const before = told.length;
    send(40_000 + jump);
    const after = told.slice(before).flatMap(({ arrivals }) => arrivals);
    t.ok(after.length > 80, 'goes on after a few packets');
    t.notOk(after.includes(undefined));
    t.equal(((told.at(-1)!.base - 40_000 - jump) & 0xffff) < 100, true);
  });
}

t.test('a stray number moves nothing', async (t) => {
  const { told, feedback } = listen();
  let nowUs = START_US;
  for (let sequence = 0; sequence < 200; sequence++) {
    nowUs += 5000;
    feedback.onPacket(sequence, SSRC, nowUs);
    if (sequence % 10 === 0) feedback.onPacket(30_000 - sequence, SSRC, nowUs);
    feedback.tick(nowUs);
  }
  t.equal(told.flatMap(({ arrivals }) => arrivals).includes(undefined), false);
});

t.test('a long random run is told exactly, whatever the loss and reordering', async (t) => {
  const random = seededRandom(5);
  for (const [loss, disorder] of [
    [0, 0],
    [0.03, 2],
    [0.3, 20],
    [0.9, 5],
    [0.5, 300],
  ] as const) {
    const told: Told[] = [];
    const feedback = new TransportCcFeedback(0x98765432, (packet) => told.push(read(packet)));
    const packets: { sequence: number; order: number }[] = [];
    for (let sequence = 60_000; sequence < 80_000; sequence++) {
      if (random() >= loss) packets.push({ sequence, order: sequence + random() * disorder });
    }
    packets.sort((one, other) => one.order - other.order);
    const sent = new Map<number, number>();
    let nowUs = START_US;
    for (const { sequence } of packets) {
      nowUs += Math.floor(random() ** 6 * 200_000);
      feedback.onPacket(sequence & 0xffff, SSRC, nowUs);
      feedback.tick(nowUs);
      sent.set(sequence, (Math.floor(nowUs / 250) * 250) % WRAP_US);
    }
    feedback.tick(nowUs + 1_000_000);
    const received = new Map<number, number>();
    let twice = 0;
    let lostAfterReceived = 0;
    for (const { base, arrivals } of told) {
      for (const [position, atUs] of arrivals.entries()) {
        const low = (base + position) & 0xffff;
        const sequence = low < 60_000 - 400 ? low + 0x10000 : low;
        if (received.has(sequence)) atUs === undefined ? lostAfterReceived++ : twice++;
        else if (atUs !== undefined) received.set(sequence, atUs % WRAP_US);
      }
    }
    t.equal(twice, 0, 'nothing is told received twice');
    t.equal(lostAfterReceived, 0, 'nothing is told lost after it was told received');
    // What arrives before the first packet's number is older than all we know of.
    const first = packets[0]!.sequence;
    let wrong = 0;
    for (const [sequence, atUs] of sent) if (received.get(sequence) !== atUs) wrong++;
    t.equal(wrong, 0, `loss ${loss}, disorder ${disorder}, first ${first}`);
  }
});

t.test('gaps that add up to more than a feedback can count are told in two', async (t) => {
  const told: Told[] = [];
  const feedback = new TransportCcFeedback(0x98765432, (packet) => told.push(read(packet)));
  const gaps = 20;
  for (let sent = 0; sent < gaps; sent++) feedback.onPacket((sent * 8000) & 0xffff, SSRC, START_US);
  feedback.tick(START_US + 100_000);
  const arrivals = told.flatMap((one) => one.arrivals);
  t.equal(arrivals.length, (gaps - 1) * 8000 + 1);
  t.equal(arrivals.filter((atUs) => atUs !== undefined).length, gaps);
});
