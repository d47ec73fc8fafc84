import t from 'tap';
import { MAX_FRAME_BYTES } from '../../../src/codecs/frame-builder.ts';
import { readVp9Configuration } from '../../../src/codecs/vp9/configuration.ts';
import { Vp9Depacketizer } from '../../../src/codecs/vp9/depacketizer.ts';
import { readSuperframeIndex } from '../../../src/codecs/vp9/superframe.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { makePacket, seededRandom } from '../../rtp/packets.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { deliver, wrongDiscontinuities } from '../delivery.ts';
import { encodeFrames, writeIvf } from '../encoded-frames.ts';
import { packetizeLayer } from './packetize.ts';

const BEGINS = 0x08;
const ENDS = 0x04;
/** The header of a key frame of 320 × 180, and a frame of which nothing is read. */
const key = [...Buffer.from('824983420013f00b36', 'hex')];
const inter = [0x87, 1, 2];

function setUp() {
  const units: AccessUnit[] = [];
  const depacketizer = new Vp9Depacketizer((unit) => units.push(unit));
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
/** The packet of a whole layer frame in non-flexible mode; the last byte of the frame is the layer. */
const layer = (
  spatialId: number,
  dependsOnLower: boolean,
  frame = inter,
  flags = BEGINS | ENDS,
) => [
  ...[0x20 | flags, (spatialId << 1) | Number(dependsOnLower), 7],
  ...frame.toSpliced(-1, 1, spatialId),
];

/** The layers of a frame or superframe, made of such. */
function layers(parts: Buffer[]) {
  const bytes = Buffer.concat(parts);
  const sizes = readSuperframeIndex(bytes) ?? [bytes.length];
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return bytes[end - 1];
  });
}

t.test('a frame is what its packets carry, without copies', async (t) => {
  const { units, depacketizer } = setUp();
  const first = Buffer.from([BEGINS, ...key]);
  const second = Buffer.from([ENDS, 1, 2, 3]);
  depacketizer.push(makePacket({ payload: first }), false);
  depacketizer.push(makePacket({ payload: second, marker: true }), false);
  t.same(units[0]?.parts, [first.subarray(1), second.subarray(1)]);
  t.equal(units[0]?.parts[0]?.buffer, first.buffer);
  t.match(units, [{ keyframe: true, discontinuity: false }]);
});

t.test('descriptors of all kinds', async (t) => {
  const descriptors = [
    [0x0c],
    [0x8c, 0x11],
    [0x8c, 0x91, 0x22],
    [0x2c, 0x00, 0x07],
    [0xbc, 0x11, 0x00],
    [0xdc, 0x11, 0x02],
    [0xdc, 0x91, 0x22, 0x03, 0x05, 0x02],
    [0x0e, 0x00],
    [0x0e, 0x30, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x0e, 0x18, 1, 2, 3, 4, 2, 0x04, 9, 0x0c, 9, 9, 9],
    [0xff & ~0x42, 0x91, 0x22, 0x00],
  ];
  for (const descriptor of descriptors) {
    const { push, summary, depacketizer } = setUp();
    push(1, [...descriptor, ...inter], 'marker');
    t.same(summary(), [`1 ${hex(inter)}`], hex(descriptor));
    t.equal(depacketizer.malformed, 0);
  }
});

t.test('a descriptor that breaks the format breaks its picture', async (t) => {
  const payloads = [
    [0x0c],
    [0x8c, 0x11],
    [0x8c, 0x91, 0x22],
    [0x2c, 0x00],
    [0xdc, 0x11, 0x03, 0x05, 0x07, 0x02, ...inter],
    [0x0e, 0xf0, 1, 2, 3],
    [0x0e, 0x08, 9, 0x0c, 1],
  ];
  for (const payload of payloads) {
    const { push, summary, depacketizer } = setUp();
    push(1, payload, 'marker');
    push(2, [0x0c, ...inter], 'marker');
    t.same(summary(), [`2! ${hex(inter)}`], hex(payload));
    t.equal(depacketizer.malformed, 1);
    t.equal(depacketizer.broken, 1);
  }
});

t.test('an empty packet is no part of a frame', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [BEGINS, ...inter]);
  push(1, [], 'marker');
  push(1, [ENDS, 5], 'marker');
  t.same(summary(), [`1 ${hex([...inter, 5])}`]);
  t.equal(depacketizer.malformed, 1);
});

t.test('a frame ENDS where it says so, with or without a marker', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [0x0c, ...inter]);
  push(2, [0x0c, ...inter]);
  t.equal(summary().length, 1);
  depacketizer.flush();
  depacketizer.flush();
  push(3, [0x0c, ...inter]);
  push(4, [0x0c, ...inter], 'lost marker');
  t.same(
    summary().map((line) => line.split(' ')[0]),
    ['1', '2', '3', '4!'],
    'also where the marker was lost, and what else may have been',
  );
  t.equal(depacketizer.malformed, 0);
  push(5, [BEGINS, ...inter], 'marker');
  push(6, [BEGINS, ...inter]);
  push(7, [BEGINS, ...inter]);
  depacketizer.flush();
  push(8, [0x0c, ...inter], 'marker');
  t.same(summary().slice(4), [`8! ${hex(inter)}`], 'a marker is no end of a frame');
  t.equal(depacketizer.malformed, 3);
  t.equal(depacketizer.broken, 3);
});

t.test('a start that was lost, or was never sent', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [ENDS, ...inter], 'lost marker');
  push(2, [0x0c, ...inter], 'marker');
  t.same(summary(), [`2! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 0, 'loss is no fault of the sender');
  push(3, [ENDS, ...inter], 'marker');
  push(4, [0x0c, ...inter], 'marker');
  t.same(summary().slice(1), [`4! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 1);
});

t.test('lost in the middle', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [BEGINS, ...inter]);
  push(1, [ENDS, 1], 'lost marker');
  push(2, [BEGINS, ...inter]);
  push(3, [0x0c, ...inter], 'lost marker');
  t.same(summary(), [`3! ${hex(inter)}`]);
  t.equal(depacketizer.malformed, 0);
  t.equal(depacketizer.broken, 2);
});

t.test('a key frame whose header makes no sense is dropped', async (t) => {
  for (const bytes of [key.slice(0, 8), key.with(1, 0)]) {
    const { push, depacketizer, units } = setUp();
    push(1, [0x0c, ...bytes], 'marker');
    t.same(units, []);
    t.equal(depacketizer.malformed, 1);
    t.equal(depacketizer.discontinuity, true);
  }
});

t.test('which frames are key frames', async (t) => {
  const profile3 = [...Buffer.from('b124c1a143009f805980', 'hex')];
  for (const [bytes, keyframe] of [
    [key, true],
    [inter, false],
    [[0x88, 1], false],
    [profile3, true],
    [[0xb2, 1], false],
  ] as const) {
    const { push, units } = setUp();
    push(1, [0x0c, ...bytes], 'marker');
    t.match(units, [{ keyframe }], hex([...bytes]));
  }
});

t.test('of spatial layers those come out that are whole', async (t) => {
  const cases: [string, [number[], string][], number[], boolean][] = [
    [
      'all',
      [
        [layer(0, false), ''],
        [layer(1, true), ''],
        [layer(2, true), 'marker'],
      ],
      [0, 1, 2],
      false,
    ],
    [
      'the lowest lost',
      [
        [layer(1, true), 'lost'],
        [layer(2, true), 'marker'],
      ],
      [],
      true,
    ],
    [
      'the middle lost',
      [
        [layer(0, false), ''],
        [layer(2, true), 'lost marker'],
      ],
      [0],
      true,
    ],
    [
      'the highest lost',
      [
        [layer(0, false), ''],
        [layer(1, true), ''],
      ],
      [0, 1],
      true,
    ],
    [
      'the middle is not needed',
      [
        [layer(0, false), ''],
        [layer(2, false), 'lost marker'],
      ],
      [0, 2],
      true,
    ],
    [
      'the lowest is not needed',
      [
        [layer(1, false), 'lost'],
        [layer(2, true), 'marker'],
      ],
      [1, 2],
      true,
    ],
    [
      'cut',
      [
        [layer(0, false), ''],
        [layer(1, true, inter, BEGINS), ''],
        [layer(2, true), 'lost marker'],
      ],
      [0],
      true,
    ],
    [
      'its end lost',
      [
        [layer(0, false), ''],
        [layer(1, true, inter, BEGINS), ''],
        [layer(2, false), 'marker'],
      ],
      [0, 2],
      true,
    ],
    [
      'its start lost',
      [
        [layer(0, false), ''],
        [layer(1, true, inter, ENDS), 'lost marker'],
      ],
      [0],
      true,
    ],
    [
      'going down',
      [
        [layer(1, false), ''],
        [layer(0, false), 'marker'],
      ],
      [1],
      true,
    ],
    [
      'another layer amid one',
      [
        [layer(0, false, inter, BEGINS), ''],
        [layer(1, false, inter, ENDS), 'marker'],
      ],
      [],
      true,
    ],
  ];
  for (const [name, packets, expected, isGap] of cases) {
    const { push, units, depacketizer } = setUp();
    push(1, [0x0c, ...inter], 'marker');
    for (const [payload, options] of packets) push(2, payload, options);
    if (packets.at(-1)?.[1] === '') push(3, layer(0, false), 'lost marker');
    else push(3, layer(0, false), 'marker');
    const came = units.filter((unit) => unit.rtpTimestamp === 2);
    t.same(
      came.flatMap((unit) => layers(unit.parts)),
      expected,
      name,
    );
    t.match(units.at(-1), { rtpTimestamp: 3, discontinuity: isGap }, name);
    t.equal(depacketizer.discontinuity, false);
  }
});

t.test('a layer that is added amid pictures begins at the next key frame', async (t) => {
  const { push, units } = setUp();
  push(1, layer(0, false, [...key, 0]), 'marker');
  push(2, layer(0, false));
  push(2, layer(1, true), 'marker');
  push(3, layer(0, false), 'marker');
  push(4, layer(0, false, [...key, 0]));
  push(4, layer(1, true), 'marker');
  push(5, layer(0, false));
  push(5, layer(1, true), 'marker');
  t.same(
    units.map(({ parts, isReduced = false }) => [layers(parts), isReduced]),
    [
      [[0], false],
      [[0], true],
      [[0], false],
      [[0, 1], false],
      [[0, 1], false],
    ],
  );
  t.notOk(
    units.some(({ discontinuity }) => discontinuity),
    'nothing is missing of what is there',
  );
});

t.test('more layers than a superframe has frames', async (t) => {
  const { push, units } = setUp();
  for (let spatialId = 0; spatialId < 8; spatialId++) push(1, layer(spatialId, false));
  push(1, layer(7, false), 'marker');
  t.equal(readSuperframeIndex(units[0]!.parts.at(-1)!)?.length, 8);
});

t.test('the earliest arrival counts; a reset forgets', async (t) => {
  const { push, units, depacketizer } = setUp();
  push(1, [BEGINS, ...inter], '', 5000);
  push(1, [ENDS, 1], 'marker', 3000);
  t.equal(units[0]?.arrivalUs, 3000);
  push(2, [BEGINS, ...inter]);
  push(3, [0, 1], 'lost');
  depacketizer.reset();
  t.equal(depacketizer.discontinuity, false);
  push(3, [0x0c, ...key], 'marker');
  t.match(units[1], { keyframe: true, discontinuity: false });
});

t.test('a picture has a largest size', async (t) => {
  const { units, depacketizer } = setUp();
  const payload = Buffer.alloc(60_000);
  const push = (fields: object) =>
    depacketizer.push(makePacket({ timestamp: 1, payload, ...fields }), false);
  push({ payload: Buffer.from([BEGINS, ...key]) });
  for (let bytes = 0; bytes < MAX_FRAME_BYTES; bytes += payload.length) push({});
  push({ marker: true });
  t.same(units, []);
  t.equal(depacketizer.broken, 1);
});

const size = { width: 320, height: 180 };

t.test('frames of an encoder, in packets of any kind', async (t) => {
  if (!requireFfmpeg(t)) return;
  const frames = await encodeFrames(t.testdir(), 'vp9', {
    ...{ ...size, frames: 40, keyframeInterval: 10 },
  });
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const next = () => Math.floor(random() * 256);
    const mostBytes = 1 + Math.floor(random() * 1200);
    const units = frames.map((frame, index) => {
      const isPredicted = index % 10 > 0;
      const layer = { spatialId: 0, dependsOnLower: false, isPredicted };
      const told = random() < 0.5 ? layer : undefined;
      return { payloads: packetizeLayer(frame, told, mostBytes, next) };
    });
    const clean = deliver((emit) => new Vp9Depacketizer(emit), units);
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
      (emit) => new Vp9Depacketizer(emit),
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

t.test('a superframe shows its highest layer alone', async (t) => {
  if (!requireFfmpeg(t)) return;
  // Frames in turn stand for two layers: each refers to the one before it, as layers do.
  for (const encoder of [[], ['-aq-mode', '3'], ['-tile-columns', '2'], ['-lossless', '1']]) {
    const frames = await encodeFrames(t.testdir(), 'vp9', {
      ...{ width: 640, height: 360, frames: 20, keyframeInterval: 100 },
      encoder: ['-error-resilient', '1', ...encoder],
    });
    const random = seededRandom(1);
    const next = () => Math.floor(random() * 256);
    const units = Array.from({ length: 10 }, (_, picture) => ({
      payloads: [0, 1].flatMap((spatialId) => {
        const layer = { spatialId, dependsOnLower: spatialId > 0, isPredicted: picture > 0 };
        return packetizeLayer(frames[2 * picture + spatialId]!, layer, 1200, next);
      }),
    }));
    const { received, depacketizer } = deliver((emit) => new Vp9Depacketizer(emit), units);
    const samples = received.map(({ unit }) => Buffer.concat(unit.parts));
    t.equal(depacketizer.malformed, 0);
    t.equal(received[0]?.unit.keyframe, true);
    t.match(readVp9Configuration(received[0]!.unit.parts), { width: 640, height: 360 });
    const decode = (file: Buffer) => decodedPictures('ivf', file, 'yuv420p');
    const pictures = await decode(writeIvf('vp9', { width: 640, height: 360 }, samples));
    const all = await decode(writeIvf('vp9', { width: 640, height: 360 }, frames));
    const bytes = (640 * 360 * 3) / 2;
    t.equal(pictures.length, 10 * bytes, encoder.join(' '));
    for (let picture = 0; picture < 10; picture++) {
      const expected = all.subarray((2 * picture + 1) * bytes, (2 * picture + 2) * bytes);
      t.ok(pictures.subarray(picture * bytes, (picture + 1) * bytes).equals(expected));
    }
  }
});
