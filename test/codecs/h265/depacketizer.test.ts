import t from 'tap';
import { H265Depacketizer } from '../../../src/codecs/h265/depacketizer.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../../../src/codecs/nal-access-unit-builder.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import type { PayloadFormat } from '../../../src/media/payload-format.ts';
import { requireFfmpeg } from '../../media/tool.ts';
import { H264_FORMAT, makePacket, seededRandom } from '../../rtp/packets.ts';
import { decodedPictures } from '../decoded-pictures.ts';
import { deliver } from '../delivery.ts';
import { byteStream, encodeH265, typeOf } from './encoded-h265.ts';
import { aggregate, fragments, packetizeUnit } from './packetize.ts';

const format: PayloadFormat = { ...H264_FORMAT, parameters: {} };

/** A NAL unit of a type, with TemporalId 0; slices are the first of their picture, or not. */
const nal = (type: number, ...rest: number[]) => Buffer.of(type << 1, 1, ...rest);
const slice = (type: number) => nal(type, 0x80, 9, 8, 7, 6, 5);
const laterSlice = (type: number) => nal(type, 0x40, 1, 2, 3, 4, 5);
const vps = nal(32, 1, 2);
const sps = nal(33, 1, 3);
const pps = nal(34, 1, 4);
const sei = nal(39, 5, 1, 0, 0x80);
const suffixSei = nal(40, 5, 1, 0, 0x80);
const delimiter = nal(35, 0x50);
const idr = slice(19);
const cra = slice(21);
const bla = slice(16);
const trail = slice(1);
const rasl = slice(9);
const radl = slice(7);

function setUp(keepIncomplete = false) {
  const units: AccessUnit[] = [];
  const depacketizer = new H265Depacketizer(format, (unit) => units.push(unit), keepIncomplete);
  const push = (timestamp: number, payload: Buffer, options = '', arrivalUs = 1e15) => {
    const marker = options.includes('marker');
    const packet = makePacket({ timestamp, payload, marker, arrivalUs });
    depacketizer.push(packet, options.includes('lost'));
  };
  /** What came out: timestamp, K for a keyframe, ! for a discontinuity, types of the NAL units. */
  const summary = () =>
    units.map(
      ({ rtpTimestamp, keyframe, discontinuity, parts }) =>
        `${rtpTimestamp}${keyframe ? 'K' : ''}${discontinuity ? '!' : ''} ` +
        parts.map(typeOf).join(','),
    );
  return { units, depacketizer, push, summary };
}

t.test('single NAL units: a unit ends at the marker', async (t) => {
  const { units, push, summary, depacketizer } = setUp();
  for (const part of [delimiter, vps, sps, pps, sei]) push(1, part);
  push(1, idr);
  push(1, laterSlice(19));
  push(1, suffixSei, 'marker');
  push(2, trail, 'marker');
  t.same(summary(), ['1K 35,32,33,34,39,19,19,40', '2 1']);
  t.same(units[0]?.parts[5], idr);
  t.equal(depacketizer.malformed, 0);
});

t.test('a unit without marker ends at the next timestamp, or at flush', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, trail);
  push(2, trail);
  t.same(summary(), ['1 1']);
  depacketizer.flush();
  depacketizer.flush();
  t.same(summary(), ['1 1', '2 1']);
});

t.test('AP is taken apart, without copies', async (t) => {
  const { units, push } = setUp();
  const payload = aggregate([vps, sps, pps, idr]);
  push(1, payload, 'marker');
  t.same(units[0]?.parts, [vps, sps, pps, idr]);
  t.equal(units[0]?.parts[0]?.buffer, payload.buffer);
});

t.test('FU is joined, header and all', async (t) => {
  const { units, push, depacketizer } = setUp();
  const header = Buffer.from(idr);
  header[0]! |= 0x01;
  header[1] = 0x0b;
  for (const part of fragments(header, 2)) push(1, part);
  push(1, suffixSei, 'marker');
  t.same(units[0]?.parts, [header, suffixSei]);
  t.equal(depacketizer.malformed, 0);
});

t.test('which pictures are keyframes', async (t) => {
  for (let type = 0; type < 32; type++) {
    if (type === 8 || type === 9) continue;
    const { push, units } = setUp();
    push(1, slice(type), 'marker');
    t.match(units, [{ keyframe: type >= 16 && type <= 23 }], `type ${type}`);
  }
});

t.test('payloads that break the format', async (t) => {
  const parts = fragments(idr, 2);
  const cases: [string, Buffer[], number][] = [
    ['an AP of nothing', [Buffer.of(96, 1)], 1],
    [
      'an AP whose length is too long',
      [Buffer.concat([aggregate([trail]), Buffer.of(0, 9, 1)])],
      1,
    ],
    ['an AP with half a length', [Buffer.concat([aggregate([trail]), Buffer.of(0)])], 1],
    ['an AP with an empty NAL unit', [Buffer.concat([aggregate([trail]), Buffer.of(0, 0)])], 1],
    ['an AP in an AP', [aggregate([trail, aggregate([trail])])], 1],
    ['a fragment cut short', [Buffer.of(98, 1)], 1],
    ['a fragment without a start', [parts[1]!], 1],
    ['a fragment without an end', [parts[0]!], 1],
    ['two starts', [parts[0]!, parts[0]!], 1],
    ['a NAL unit amid another', [parts[0]!, trail], 1],
    ['another NAL unit goes on', [parts[0]!, fragments(trail, 2)[1]!], 1],
    ['half a header', [Buffer.of(2)], 1],
    ['an undefined type', [nal(51, 1, 2)], 1],
    ['a slice of two bytes', [nal(1)], 1],
  ];
  for (const [name, payloads, malformed] of cases) {
    const { push, summary, depacketizer } = setUp();
    push(0, trail, 'marker');
    for (const [at, payload] of payloads.entries()) {
      push(1, payload, at === payloads.length - 1 ? 'marker' : '');
    }
    push(1, trail);
    push(2, idr, 'marker');
    t.match(summary().at(-1), /^2K!? 19$/, name);
    t.equal(depacketizer.malformed, malformed, name);
  }
});

t.test('PACI is not taken: its picture misses something', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, nal(50, 0x80, 0, 9, 9));
  push(1, trail, 'marker');
  push(2, trail, 'marker');
  t.same(summary(), ['2! 1']);
  t.equal(depacketizer.unsupportedPackets, 1);
  t.equal(depacketizer.malformed, 1);
});

t.test('lost fragments: the unit is dropped whole, the next says so', async (t) => {
  const parts = fragments(idr, 1);
  const last = parts.length - 1;
  for (const missing of parts.keys()) {
    const { push, summary, depacketizer } = setUp();
    push(1, trail, 'marker');
    for (const [index, part] of parts.entries()) {
      if (index === missing) continue;
      push(2, part, `${index === missing + 1 ? 'lost ' : ''}${index === last ? 'marker' : ''}`);
    }
    push(3, trail, missing === last ? 'lost marker' : 'marker');
    push(4, trail, 'marker');
    t.same(summary(), ['1 1', '3! 1', '4 1'], `fragment ${missing}`);
    t.equal(depacketizer.malformed, 0, 'loss is no fault of the sender');
  }
});

t.test('the start of the next picture is found by its first slice', async (t) => {
  const { push, summary } = setUp();
  push(1, trail);
  push(2, trail, 'lost marker');
  push(3, laterSlice(1), 'lost marker');
  push(4, trail, 'marker');
  t.same(summary(), ['2! 1', '4! 1']);
});

t.test('a keyframe that lost its parameter sets is none, where others bring them', async (t) => {
  const { push, summary } = setUp();
  push(1, sps);
  push(1, idr, 'marker');
  push(2, idr, 'lost marker');
  push(3, trail, 'marker');
  t.same(summary(), ['1K 33,19', '3! 1']);
});

t.test('nothing refers to a non-reference picture of the highest sub-layer', async (t) => {
  const lose = (first: Buffer, set?: Buffer) => {
    const { push, summary } = setUp();
    if (set) push(1, set);
    push(1, idr, 'marker');
    push(2, first);
    push(2, laterSlice(1), 'lost marker');
    push(3, trail, 'marker');
    return summary().at(-1);
  };
  const temporal = (type: number, id: number) => Buffer.of(type << 1, id + 1, 0x80, 9, 8);
  const twoLayers = nal(33, 0x03, 3);
  t.equal(lose(slice(0), sps), '3 1');
  t.equal(lose(slice(1), sps), '3! 1', 'others refer to it');
  t.equal(lose(slice(0)), '3! 1', 'nobody knows how many sub-layers there are');
  t.equal(lose(temporal(2, 0), twoLayers), '3! 1', 'a higher one may refer to it');
  t.equal(lose(temporal(2, 1), twoLayers), '3 1');
});

t.test(
  'leading pictures that refer to what came before are left out where that is not',
  async (t) => {
    const start = setUp();
    start.push(1, cra, 'marker');
    start.push(2, rasl, 'marker');
    start.push(3, radl, 'marker');
    start.push(4, trail, 'marker');
    start.push(5, cra, 'marker');
    start.push(6, rasl, 'marker');
    start.push(7, trail, 'marker');
    t.same(start.summary(), ['1K 21', '3 7', '4 1', '5K 21', '6 9', '7 1'], 'at the start');

    start.push(8, bla, 'marker');
    start.push(9, rasl, 'marker');
    start.push(10, trail, 'marker');
    t.same(start.summary().slice(6), ['8K 16', '10 1'], 'of a BLA picture');

    const { push, summary, depacketizer } = setUp();
    push(1, idr, 'marker');
    push(3, trail, 'lost marker');
    push(4, cra, 'marker');
    push(5, rasl, 'marker');
    push(6, cra, 'marker');
    push(7, rasl, 'marker');
    t.same(summary(), ['1K 19', '3! 1', '4K 21', '6K 21', '7 9'], 'after a loss');
    push(8, cra, 'lost marker');
    push(9, rasl, 'marker');
    push(11, rasl, 'lost marker');
    t.equal(depacketizer.discontinuity, true);
    push(12, trail, 'marker');
    t.same(summary().slice(5), ['8K! 21', '12! 1'], 'a loss that one of them would have said');

    push(13, trail);
    push(13, nal(36), 'marker');
    push(14, cra, 'marker');
    push(15, rasl, 'marker');
    push(16, trail, 'marker');
    t.same(summary().slice(7), ['13 1,36', '14K 21', '16 1'], 'after the end of a sequence');
    depacketizer.reset();
    push(17, cra, 'marker');
    push(18, rasl, 'marker');
    t.same(summary().slice(10), ['17K 21'], 'of another stream');
  },
);

t.test('with keepIncomplete what is whole of a picture is kept', async (t) => {
  const { push, summary } = setUp(true);
  push(1, idr);
  push(1, laterSlice(19), 'lost marker');
  push(2, trail, 'marker');
  t.same(summary(), ['1! 19,19', '2 1']);
});

t.test('whether a decoder could be set up', async (t) => {
  const { push, depacketizer } = setUp();
  push(1, idr, 'marker');
  t.equal(depacketizer.configured, false);
  push(2, sps);
  t.equal(depacketizer.configured, true);
  depacketizer.reset();
  t.equal(depacketizer.configured, false);
  const outOfBand = { ...format, parameters: { 'sprop-sps': 'QgEB' } };
  t.equal(new H265Depacketizer(outOfBand, () => {}).configured, true);
});

t.test('a unit of a sender that sets markers is not whole without one', async (t) => {
  for (const next of [idr, vps, aggregate([vps, sps]), fragments(idr, 2)[0]!]) {
    const { push, units, depacketizer } = setUp();
    for (let picture = 0; picture < 10; picture++) push(picture, trail, 'marker');
    push(10, trail);
    push(11, next);
    t.equal(units.length, 10);
    t.equal(depacketizer.discontinuity, true);
  }
});

t.test('a picture has a largest size', async (t) => {
  const { units, push, depacketizer } = setUp();
  const part = Buffer.concat([Buffer.of(98, 1, 1), Buffer.alloc(60_000)]);
  push(1, fragments(trail, 3)[0]!);
  for (let bytes = 0; bytes < MAX_ACCESS_UNIT_BYTES; bytes += 60_000) push(1, part);
  push(1, fragments(trail, 3)[1]!, 'marker');
  t.same(units, []);
  t.equal(depacketizer.broken, 1);
});

t.test('units of an encoder, in packets of any kind', async (t) => {
  if (!requireFfmpeg(t)) return;
  const streams = {
    'no B pictures': ['slices=3'],
    'B pictures': ['bframes=3', 'b-pyramid=1'],
    'open groups of pictures': ['bframes=3', 'open-gop=1'],
  };
  for (const [name, x265] of Object.entries(streams)) {
    const options = { width: 320, height: 192, frames: 30, keyframeInterval: 10 };
    const parts = await encodeH265(t.testdir(), options, x265);
    t.equal(parts.length, 30);
    for (let seed = 0; seed < 10; seed++) {
      const random = seededRandom(seed);
      const next = () => Math.floor(random() * 256);
      const mostBytes = 1 + Math.floor(random() * 1200);
      const units = parts.map((unit) => ({ payloads: packetizeUnit(unit, mostBytes, next) }));
      const clean = deliver((emit) => new H265Depacketizer(format, emit), units);
      t.same(
        clean.received.map(({ unit }) => unit.parts),
        parts,
        name,
      );
      t.equal(clean.received.filter(({ unit }) => unit.keyframe).length, 3);
      t.equal(clean.depacketizer.malformed, 0);

      const rate = random() * 0.2;
      const lossy = deliver(
        (emit) => new H265Depacketizer(format, emit),
        units,
        () => random() < rate,
      );
      const slices = (nalUnits: readonly Buffer[]) => nalUnits.filter((part) => typeOf(part) < 32);
      t.ok(
        lossy.received.every(({ unit, index }) =>
          byteStream(slices(unit.parts)).equals(byteStream(slices(parts[index]!))),
        ),
      );
      const isRasl = (index: number) => [8, 9].includes(typeOf(slices(parts[index]!)[0]!));
      const came = new Set(lossy.received.map(({ index }) => index));
      t.same(
        lossy.whole.filter((index) => !came.has(index) && !isRasl(index)),
        [],
      );
      const isMissed = (index: number) => {
        const type = typeOf(slices(parts[index]!)[0]!);
        return !came.has(index) && !isRasl(index) && (type % 2 === 1 || type > 14);
      };
      t.same(
        lossy.received.filter(({ unit, index }) => {
          const before = [...came].filter((other) => other < index).at(-1) ?? -1;
          const between = Array.from({ length: index - before - 1 }, (_, at) => before + 1 + at);
          return !unit.discontinuity && between.some(isMissed);
        }),
        [],
        'the next unit tells of one that others refer to',
      );
      t.equal(lossy.depacketizer.malformed, 0);
    }
  }
});

t.test('from a later keyframe of an open group on all that comes out is decoded', async (t) => {
  if (!requireFfmpeg(t)) return;
  const options = { width: 320, height: 192, frames: 40, keyframeInterval: 10 };
  const parts = await encodeH265(t.testdir(), options, ['bframes=3', 'open-gop=1']);
  const second = parts.findIndex((unit) => unit.some((part) => typeOf(part) === 21));
  t.ok(second > 0, 'there is a CRA picture');
  const sent = parts.slice(second).map((payloads) => ({ payloads }));
  const { received } = deliver((emit) => new H265Depacketizer(format, emit), sent);
  t.ok(received.length < sent.length, 'leading pictures are left out');
  const decode = (file: Buffer) => decodedPictures('hevc', file, 'yuv420p');
  const pictures = await decode(byteStream(received.flatMap(({ unit }) => unit.parts)));
  const bytes = (320 * 192 * 3) / 2;
  t.equal(pictures.length, received.length * bytes);
  const all = await decode(byteStream(parts.flat()));
  t.ok(all.subarray(-20 * bytes).equals(pictures.subarray(-20 * bytes)));
});
