import t from 'tap';
import { MAX_FRAME_BYTES } from '../../../src/codecs/frame-builder.ts';
import { Vp8Depacketizer } from '../../../src/codecs/vp8/depacketizer.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { makePacket, seededRandom } from '../../rtp/packets.ts';
import { deliver, randomPieces, wrongDiscontinuities } from '../delivery.ts';
import { encodeFrames } from '../encoded-frames.ts';

/** A key frame of 320 × 240 and another frame, cut short. */
const key = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xf0, 0, 7];
const inter = [0x11, 0, 0, 9];
const START = 0x10;
const NON_REFERENCE = 0x20;

function setUp() {
  const units: AccessUnit[] = [];
  const depacketizer = new Vp8Depacketizer((unit) => units.push(unit));
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

const hex = (bytes: number[]) => Buffer.from(bytes).toString('hex');

t.test('a frame is what its packets carry, without copies', async (t) => {
  const { units, depacketizer } = setUp();
  const first = Buffer.from([START, ...key]);
  const second = Buffer.from([0, 1, 2, 3]);
  depacketizer.push(makePacket({ payload: first }), false);
  depacketizer.push(makePacket({ payload: second, marker: true }), false);
  t.same(units[0]?.parts, [first.subarray(1), second.subarray(1)]);
  t.equal(units[0]?.parts[0]?.buffer, first.buffer);
  t.match(units, [{ keyframe: true, discontinuity: false }]);
});

t.test('descriptors of all lengths', async (t) => {
  const descriptors = [
    [START],
    [0x90, 0],
    [0x90, 0x80, 0x11],
    [0x90, 0x80, 0x81, 0x22],
    [0x90, 0xc0, 0x11, 5],
    [0x90, 0xe0, 0x91, 0x22, 5, 0x60],
    [0x90, 0x10, 0x1f],
    [0x90, 0x30, 0xff],
    [0x90, 0x40, 5],
  ];
  for (const descriptor of descriptors) {
    const { push, summary, depacketizer } = setUp();
    push(1, [...descriptor, ...inter], 'marker');
    t.same(summary(), [`1 ${hex(inter)}`], hex(descriptor));
    t.equal(depacketizer.malformed, 0);
  }
});

t.test('a descriptor without a payload breaks its frame', async (t) => {
  for (const descriptor of [[START], [0x90], [0x90, 0xf0, 0x80, 1, 2], [0x90, 0xf0, 1, 2, 3]]) {
    const { push, summary, depacketizer } = setUp();
    push(1, descriptor, 'marker');
    push(2, [START, ...inter], 'marker');
    t.same(summary(), [`2! ${hex(inter)}`], hex(descriptor));
    t.equal(depacketizer.malformed, 1);
    t.equal(depacketizer.broken, 1);
  }
});

t.test('an empty packet is no part of a frame', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [START, ...inter]);
  push(1, [], 'marker');
  push(1, [0, 5], 'marker');
  t.same(summary(), [`1 ${hex([...inter, 5])}`]);
  t.equal(depacketizer.malformed, 1);
});

t.test('a frame without its marker is not whole', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [START, ...inter]);
  push(2, [START, ...inter], 'marker');
  t.same(summary(), [`2! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 1);
  push(3, [START, ...inter]);
  push(3, [START, ...inter], 'marker');
  t.same(summary().slice(1), [`3! ${hex(inter)}`], 'two frames of one timestamp');
  push(4, [START, ...inter]);
  depacketizer.flush();
  depacketizer.flush();
  t.equal(summary().length, 2);
  t.equal(depacketizer.broken, 3);
});

t.test('a marker that was lost', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [START, ...key]);
  push(2, [START, ...inter], 'lost marker');
  t.same(summary(), [`2! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 0, 'loss is no fault of the sender');
});

t.test('a START that was lost, or was never sent', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [0, 1, 2, 3], 'lost marker');
  push(2, [START, ...inter], 'marker');
  t.same(summary(), [`2! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 0);
  push(3, [0, 1, 2, 3], 'marker');
  push(4, [1 | START, 1, 2, 3], 'marker');
  push(5, [START, ...inter], 'marker');
  t.same(summary().slice(1), [`5! ${hex(inter)}`], 'nor does another partition begin a frame');
  t.equal(depacketizer.malformed, 2);
});

t.test('a frame that nothing refers to may be lost', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [START | NON_REFERENCE, ...inter]);
  push(1, [NON_REFERENCE, 1], 'lost marker');
  t.equal(depacketizer.discontinuity, false);
  push(2, [START, ...inter], 'marker');
  t.same(summary(), [`2 ${hex(inter)}`]);
  push(3, [START | NON_REFERENCE, ...inter]);
  push(4, [START, ...inter], 'lost marker');
  t.same(summary().slice(1), [`4! ${hex(inter)}`], 'more may be lost than the rest of it');
});

t.test('a key frame whose header makes no sense is dropped', async (t) => {
  for (const bytes of [key.slice(0, 9), key.with(3, 0), key.with(6, 0).with(7, 0)]) {
    const { push, depacketizer, units } = setUp();
    push(1, [START, ...bytes], 'marker');
    t.same(units, []);
    t.equal(depacketizer.malformed, 1);
    t.equal(depacketizer.discontinuity, true);
  }
});

t.test('the earliest arrival counts; a reset forgets', async (t) => {
  const { push, units, depacketizer } = setUp();
  push(1, [START, ...inter], '', 5000);
  push(1, [0, 1], 'marker', 3000);
  t.equal(units[0]?.arrivalUs, 3000);
  push(2, [START, ...inter]);
  push(3, [0, 1], 'lost');
  depacketizer.reset();
  t.equal(depacketizer.discontinuity, false);
  push(3, [START, ...key], 'marker');
  t.match(units[1], { keyframe: true, discontinuity: false });
});

t.test('a frame has a largest size', async (t) => {
  const { units, depacketizer } = setUp();
  const payload = Buffer.alloc(60_000);
  const push = (fields: object) =>
    depacketizer.push(makePacket({ timestamp: 1, payload, ...fields }), false);
  push({ payload: Buffer.from([START, ...key]) });
  for (let bytes = 0; bytes < MAX_FRAME_BYTES; bytes += payload.length) push({});
  push({ marker: true });
  t.same(units, []);
  t.equal(depacketizer.broken, 1);
});

t.test('frames of an encoder, in packets of any size', async (t) => {
  if (!requireFfmpeg(t)) return;
  const frames = await encodeFrames(t.testdir(), 'vp8', {
    ...{ width: 176, height: 144, frames: 40, keyframeInterval: 10 },
    encoder: ['-slices', '4'],
  });
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const units = frames.map((frame) => ({
      payloads: randomPieces(frame, 1 + Math.floor(random() * 1200), random).map((piece, at) =>
        Buffer.concat([randomDescriptor(at === 0, random), piece]),
      ),
    }));
    const clean = deliver((emit) => new Vp8Depacketizer(emit), units);
    t.same(
      clean.received.map(({ unit }) => Buffer.concat(unit.parts)),
      frames,
    );
    t.same(
      clean.received.filter(({ unit }) => unit.keyframe).map(({ index }) => index),
      [0, 10, 20, 30],
    );
    t.equal(clean.depacketizer.malformed, 0);

    const rate = random() * 0.2;
    const lossy = deliver(
      (emit) => new Vp8Depacketizer(emit),
      units,
      () => random() < rate,
    );
    t.same(
      lossy.received.map(({ index }) => index),
      lossy.whole,
    );
    t.ok(
      lossy.received.every(({ unit, index }) => Buffer.concat(unit.parts).equals(frames[index]!)),
    );
    t.same(wrongDiscontinuities(lossy), []);
    t.equal(lossy.depacketizer.malformed, 0);
  }
});

/** A payload descriptor with any of its optional fields. */
function randomDescriptor(begins: boolean, random: () => number): Buffer {
  // Later packets may begin with a later partition.
  const first = begins ? START : Math.floor(random() * 2) * (START | 1);
  if (random() < 0.3) return Buffer.of(first);
  const present = Math.floor(random() * 16) << 4;
  const bytes = [0x80 | first, present];
  if (present & 0x80) bytes.push(...(random() < 0.5 ? [0x81, 0x23] : [0x23]));
  if (present & 0x40) bytes.push(7);
  if (present & 0x30) bytes.push(0xff);
  return Buffer.from(bytes);
}
