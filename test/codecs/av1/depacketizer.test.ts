import t from 'tap';
import { Av1Depacketizer } from '../../../src/codecs/av1/depacketizer.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { makePacket, seededRandom } from '../../rtp/packets.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { deliver, wrongDiscontinuities } from '../delivery.ts';
import { encodeFrames, writeIvf } from '../encoded-frames.ts';
import { asSample, obusOf, packetizeObus, withoutSize } from './packetize.ts';

// OBUs without size fields. The sequence header is libaom's for 320 × 180.
const sequence = [0x08, ...Buffer.from('000000043cfeccdaf90040', 'hex')];
const delimiter = [0x10];
const metadata = [0x28, 1, 2];
const key = [0x30, 0x10, 1, 2];
const frame = [0x30, 0x30, 3, 4];
const frameHeader = [0x18, 0x30, 3];
const tileGroup = [0x20, 5, 6];
const tileList = [0x40, 1];
const padding = [0x78, 0, 0];

/** The same OBU as it is written, below 128 bytes. */
const sized = ([first, ...payload]: number[]) => [first! | 2, payload.length, ...payload];
const hex = (...obus: number[][]) => Buffer.from(obus.flat()).toString('hex');
/** A packet of whole OBUs, each with its length. */
const whole = (...obus: number[][]) => [0, ...obus.flatMap((obu) => [obu.length, ...obu])];

function setUp() {
  const units: AccessUnit[] = [];
  const depacketizer = new Av1Depacketizer((unit) => units.push(unit));
  const push = (timestamp: number, payload: number[], options = '', arrivalUs = 1e15) => {
    const marker = options.includes('marker');
    const packet = makePacket({ timestamp, payload: Buffer.from(payload), marker, arrivalUs });
    depacketizer.push(packet, options.includes('lost'));
  };
  /** What came out: timestamp, K for a keyframe, ! for a discontinuity, the bytes. */
  const summary = () =>
    units.map(
      ({ rtpTimestamp, keyframe, discontinuity, parts }) =>
        `${rtpTimestamp}${keyframe ? 'K' : ''}${discontinuity ? '!' : ''} ` +
        Buffer.concat(parts).toString('hex'),
    );
  return { units, depacketizer, push, summary };
}

t.test('OBUs come out with sizes, without copies of what they carry', async (t) => {
  const { units, depacketizer } = setUp();
  const payload = Buffer.from(whole(sequence, key));
  depacketizer.push(makePacket({ payload, marker: true }), false);
  t.equal(Buffer.concat(units[0]!.parts).toString('hex'), hex(sized(sequence), sized(key)));
  t.match(units, [{ keyframe: true, discontinuity: false }]);
  t.equal(units[0]?.parts[3]?.buffer, payload.buffer);
});

t.test('counted elements: the last has no length', async (t) => {
  const { push, summary } = setUp();
  push(1, [0x10, ...frame], 'marker');
  push(2, [0x20, metadata.length, ...metadata, ...frame], 'marker');
  push(3, [0x30, 3, ...metadata, frame.length, ...frame, ...tileGroup], 'marker');
  t.same(summary(), [
    `1 ${hex(sized(frame))}`,
    `2 ${hex(sized(metadata), sized(frame))}`,
    `3 ${hex(sized(metadata), sized(frame), sized(tileGroup))}`,
  ]);
});

t.test('an OBU over packets, cut anywhere', async (t) => {
  const obu = [0x36, 0x20, 4, 0x30, 1, 2, 3];
  for (let first = 0; first < obu.length; first++) {
    for (let second = first; second < obu.length; second++) {
      const { push, summary, depacketizer } = setUp();
      push(1, [0x40, first, ...obu.slice(0, first)]);
      push(1, [0xc0, second - first, ...obu.slice(first, second)]);
      push(1, [0x90, ...obu.slice(second)], 'marker');
      t.same(summary(), [`1 ${hex(obu)}`]);
      t.equal(depacketizer.malformed, 0);
    }
  }
});

t.test('delimiters, tile lists and padding are left out', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, whole(delimiter, sequence, metadata, padding, key, tileList), 'marker');
  t.same(summary(), [`1K ${hex(sized(sequence), sized(metadata), sized(key))}`]);
  push(2, whole(delimiter, padding), 'marker');
  t.equal(summary().length, 1, 'nothing to show');
  t.equal(depacketizer.broken, 0);
  push(3, whole(frame), 'marker');
  t.same(summary().slice(1), [`3 ${hex(sized(frame))}`], 'and nothing is missing');
});

t.test('a keyframe is a shown key frame with its sequence header', async (t) => {
  const { push, summary } = setUp();
  push(1, whole(key), 'marker');
  push(2, whole(sequence, frame), 'marker');
  push(3, whole(sequence, [0x30, 0x00, 1]), 'marker');
  push(4, whole(sequence, [0x18, 0x10], tileGroup), 'marker');
  push(5, whole(sequence, frame, key), 'marker');
  push(6, whole(sequence, [0x30, 0x90]), 'marker');
  t.same(
    summary().map((line) => line.split(' ')[0]),
    ['2!', '3', '4K', '5', '6'],
    'the first had lost its sequence header',
  );
});

t.test('a key frame whose sequence header makes no sense is dropped', async (t) => {
  const { push, units, depacketizer } = setUp();
  push(1, whole([0x08, 0xff, 1], key), 'marker');
  t.same(units, []);
  t.equal(depacketizer.malformed, 1);
  t.equal(depacketizer.broken, 1);
});

t.test('payloads that break the format', async (t) => {
  const broken = [
    [0],
    [0x10],
    [0x20, 4, ...frame],
    [0, 5, ...frame],
    [0, 0x80],
    [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
    [0, 0],
    whole([0xb0, 0x30]),
    whole([0x34]),
    whole([0x32, 5, 1, 2, 3]),
    whole([0x32]),
  ];
  for (const payload of broken) {
    const { push, summary, depacketizer } = setUp();
    push(1, payload, 'marker');
    push(2, whole(frame), 'marker');
    t.same(summary(), [`2! ${hex(sized(frame))}`], hex(payload));
    t.equal(depacketizer.malformed, 1);
  }
});

t.test('a size that is sent is kept to', async (t) => {
  const { push, summary } = setUp();
  push(1, whole([0x32, 2, 0x30, 9, 0, 0, 0]), 'marker');
  t.same(summary(), ['1 32023009']);
});

t.test('a piece that does not fit those before', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [0x50, ...frame]);
  push(1, [0x10, ...frame], 'marker');
  push(2, [0x10, ...frame]);
  push(2, [0x90, 1, 2], 'marker');
  push(3, [0x50, ...frame], 'marker');
  push(4, [0x50, ...frame]);
  push(5, whole(frame), 'marker');
  t.same(summary(), [`5! ${hex(sized(frame))}`]);
  t.equal(depacketizer.malformed, 4);
  t.equal(depacketizer.broken, 4);
});

t.test('where units end without markers', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, whole(frame));
  push(2, whole(frame));
  t.equal(summary().length, 1);
  depacketizer.flush();
  depacketizer.flush();
  push(3, whole(frame), 'marker');
  t.equal(summary().length, 3);
  push(4, whole(frame));
  push(5, whole(sequence, key), 'marker');
  t.same(
    summary()
      .slice(3)
      .map((line) => line.split(' ')[0]),
    ['5K!'],
    'of a sender that sets them one without is not whole',
  );
  depacketizer.reset();
  push(6, whole(frame));
  push(7, whole(frame));
  t.equal(summary().length, 5, 'what follows is of another one');
});

t.test('what may be missing before the first packet after a gap', async (t) => {
  const cases: [number[], boolean][] = [
    [whole(frame), true],
    [whole(frameHeader, tileGroup), true],
    [whole(metadata, frame), true],
    [whole(sequence, key), true],
    [whole(key), false],
    [whole(metadata, key), false],
    [whole(tileGroup), false],
    [whole([0x34, 0x08, 0x30]), false],
    [[0x90, 1, 2, 3], false],
  ];
  for (const [payload, isWhole] of cases) {
    const { push, summary, depacketizer } = setUp();
    push(1, whole(frame), 'marker');
    push(3, payload, 'lost marker');
    push(4, whole(frame), 'marker');
    const second = isWhole ? 3 : 4;
    t.equal(summary()[1]?.split(' ')[0]?.replace('K', ''), `${second}!`, hex(payload));
    t.equal(depacketizer.malformed, 0, 'loss is no fault of the sender');
  }
});

t.test('a lost marker and a lost middle', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, whole(frameHeader));
  push(2, whole(frame), 'lost marker');
  push(3, whole(frameHeader));
  push(3, whole(tileGroup), 'lost marker');
  push(4, whole(frame), 'marker');
  t.same(
    summary().map((line) => line.split(' ')[0]),
    ['2!', '4!'],
  );
  t.equal(depacketizer.malformed, 0);
  t.equal(depacketizer.broken, 2);
});

t.test('units of an encoder, in packets of any kind', async (t) => {
  if (!requireFfmpeg(t)) return;
  const size = { width: 320, height: 180 };
  const encoder = ['-tiles', '2x2', '-tile-columns', '1', '-g', '10', '-keyint_min', '10'];
  const stored = await encodeFrames(t.testdir(), 'av1', {
    ...{ ...size, frames: 30, keyframeInterval: 10, encoder },
  });
  const samples = stored.map(asSample);
  t.same(
    await decodedPictures('ivf', writeIvf('av1', size, samples), 'yuv420p'),
    await decodedPictures('ivf', writeIvf('av1', size, stored), 'yuv420p'),
    'what is left out is not missed',
  );
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const next = () => Math.floor(random() * 256);
    const mostBytes = 1 + Math.floor(random() * 1200);
    const units = stored.map((unit) => ({
      payloads: packetizeObus(
        obusOf(unit).map((obu) => (random() < 0.8 ? withoutSize(obu) : obu)),
        mostBytes,
        next,
      ),
    }));
    const clean = deliver((emit) => new Av1Depacketizer(emit), units);
    t.same(
      clean.received.map(({ unit }) => Buffer.concat(unit.parts)),
      samples,
    );
    t.same(
      clean.received.filter(({ unit }) => unit.keyframe).map(({ index }) => index),
      [0, 10, 20],
    );
    t.equal(clean.depacketizer.malformed, 0);

    const rate = random() * 0.2;
    const lossy = deliver(
      (emit) => new Av1Depacketizer(emit),
      units,
      () => random() < rate,
    );
    t.ok(
      lossy.received.every(({ unit, index }) => Buffer.concat(unit.parts).equals(samples[index]!)),
    );
    // A delimiter alone in a lost packet is not missed.
    t.ok(lossy.whole.every((index) => lossy.received.some((one) => one.index === index)));
    t.same(
      wrongDiscontinuities(lossy).filter((line) => line.endsWith('false')),
      [],
    );
    t.equal(lossy.depacketizer.malformed, 0);
  }
});
