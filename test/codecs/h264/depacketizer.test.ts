import t from 'tap';
import {
  MAX_ACCESS_UNIT_BYTES,
  MAX_NAL_UNITS,
} from '../../../src/codecs/nal-access-unit-builder.ts';
import { createDepacketizer } from '../../../src/codecs/registry.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import type { RtpPacket } from '../../../src/media/rtp-packet.ts';
import {
  aggregate,
  H264_FORMAT,
  makePacket,
  packetizeNalUnit,
  seededRandom,
} from '../../rtp/packets.ts';

const sps = Buffer.of(0x67, 0x42, 0xe0, 0x1f, 0x8c);
const otherSps = Buffer.of(0x67, 0x64, 0x00, 0x1f, 0x8c);
const pps = Buffer.of(0x68, 0xce, 0x3c, 0x80);
const sei = Buffer.of(0x06, 5, 1, 0, 0x80);
const aud = Buffer.of(0x09, 0xf0);
/** First slice of an IDR picture, of another picture, and a later slice: first_mb_in_slice > 0. */
const idr = Buffer.of(0x65, 0x88, 0x84, 1, 2, 3, 4, 5);
const slice = Buffer.of(0x41, 0x9a, 9, 8, 7, 6);
const laterSlice = Buffer.of(0x41, 0x5a, 1, 1, 1, 1);

function setUp(keepIncomplete = false) {
  const units: AccessUnit[] = [];
  const depacketizer = createDepacketizer(H264_FORMAT, (unit) => units.push(unit), keepIncomplete);
  const push = (
    timestamp: number,
    payload: Buffer | number[],
    options: 'marker' | 'lost' | 'lost marker' | '' = '',
    fields: Partial<RtpPacket> = {},
  ) =>
    depacketizer.push(
      makePacket({
        timestamp,
        payload: Buffer.from(payload),
        marker: options.includes('marker'),
        ...fields,
      }),
      options.includes('lost'),
    );
  /** What came out: timestamp, K for a keyframe, ! for a discontinuity, types of the NAL units. */
  const summary = () =>
    units.map(
      ({ rtpTimestamp, keyframe, discontinuity, parts }) =>
        `${rtpTimestamp}${keyframe ? 'K' : ''}${discontinuity ? '!' : ''} ` +
        parts.map((part) => part[0]! & 0x1f).join(','),
    );
  return { units, depacketizer, push, summary };
}

/** FU-A fragments of at most 4 payload bytes. */
const fragments = (nalUnit: Buffer) => packetizeNalUnit(nalUnit, 5);

t.test('single NAL units: a unit ends at the marker', async (t) => {
  const { units, push, summary, depacketizer } = setUp();
  push(1, sps);
  push(1, pps);
  push(1, idr, 'marker');
  push(2, slice);
  push(2, laterSlice, 'marker');
  t.same(summary(), ['1K 7,8,5', '2 1,1']);
  t.same(units[0]?.parts, [sps, pps, idr]);
  t.equal(depacketizer.malformed, 0);
});

t.test('a unit without marker ends at the next timestamp, or at flush', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, slice);
  push(2, slice);
  t.same(summary(), ['1 1']);
  depacketizer.flush();
  t.same(summary(), ['1 1', '2 1']);
  depacketizer.flush();
  t.equal(summary().length, 2);
});

t.test('STAP-A is taken apart, without copies', async (t) => {
  const { units, push, summary } = setUp();
  const payload = aggregate([sps, pps, sei, idr]);
  push(1, [], '', { payload, marker: true });
  t.same(summary(), ['1K 7,8,6,5']);
  t.same(units[0]?.parts, [sps, pps, sei, idr]);
  t.equal(units[0]?.parts[0]?.buffer, payload.buffer);
  t.equal(units[0]?.parts[0]?.byteOffset, payload.byteOffset + 3);
});

t.test('FU-A is joined, header and all', async (t) => {
  const { units, push, depacketizer } = setUp();
  const parts = fragments(idr);
  t.ok(parts.length > 2);
  push(1, aggregate([sps, pps]));
  for (const [index, part] of parts.entries()) {
    push(1, part, index === parts.length - 1 ? 'marker' : '');
  }
  t.same(units[0]?.parts, [sps, pps, idr]);
  t.equal(depacketizer.malformed, 0);
});

t.test('a fragmented NAL unit may be of one fragment, and have empty ones', async (t) => {
  const { units, push } = setUp();
  push(1, Buffer.concat([Buffer.of(0x7c, 0xc5), idr.subarray(1)]), 'marker');
  push(2, [0x7c, 0x85]);
  push(2, Buffer.concat([Buffer.of(0x7c, 0x05), idr.subarray(1)]));
  push(2, [0x7c, 0x45], 'marker');
  t.same(
    units.map((unit) => unit.parts),
    [[idr], [idr]],
  );
});

t.test('the earliest arrival counts, also when a retransmission came first in order', async (t) => {
  const { units, push } = setUp();
  push(1, sps, '', { arrivalUs: 5000 });
  push(1, idr, 'marker', { arrivalUs: 3000 });
  t.equal(units[0]?.arrivalUs, 3000);
});

t.test('lost fragments: the unit is dropped whole, the next says so', async (t) => {
  const parts = fragments(idr);
  const last = parts.length - 1;
  for (const missing of parts.keys()) {
    const { push, summary, depacketizer } = setUp();
    push(1, slice, 'marker');
    for (const [index, part] of parts.entries()) {
      if (index === missing) continue;
      const options = `${index === missing + 1 ? 'lost ' : ''}${index === last ? 'marker' : ''}`;
      push(2, part, options as 'lost marker');
    }
    push(3, slice, missing === last ? 'lost marker' : 'marker');
    push(4, slice, 'marker');
    t.same(summary(), ['1 1', '3! 1', '4 1'], `fragment ${missing}`);
    t.equal(depacketizer.malformed, 0, 'loss is no fault of the sender');
  }
});

t.test('the start of the next picture is found by its first slice', async (t) => {
  const { push, summary } = setUp();
  push(1, slice);
  push(2, slice, 'lost marker');
  t.same(summary(), ['2! 1'], 'the marker of 1 was lost, 2 is whole');
  push(3, laterSlice, 'lost');
  push(3, laterSlice, 'marker');
  push(4, slice, 'marker');
  t.same(summary(), ['2! 1', '4! 1'], 'the first slice of 3 was lost');
  push(5, sei, 'lost');
  push(5, laterSlice, 'marker');
  push(6, slice, 'marker');
  t.same(summary(), ['2! 1', '4! 1', '6! 1'], 'so here, but not the SEI message before it');
  for (const part of fragments(laterSlice)) push(7, part);
  push(8, slice, 'marker');
  t.same(summary().slice(3), ['7 1', '8 1'], 'without loss nothing is doubted');
});

t.test('loss between two whole units is told by the later one', async (t) => {
  const { push, summary } = setUp();
  push(1, slice, 'marker');
  push(2, sps, 'lost');
  push(2, idr, 'marker');
  push(3, slice, 'marker');
  t.same(summary(), ['1 1', '2K! 7,5', '3 1']);
});

t.test(
  'a keyframe that lost its parameter sets is no keyframe, where others bring them',
  async (t) => {
    const { push, summary } = setUp();
    push(1, sps);
    push(1, idr, 'marker');
    push(2, idr, 'lost marker');
    push(3, slice, 'marker');
    push(4, idr, 'marker');
    push(5, idr, 'lost marker');
    t.same(summary(), ['1K 7,5', '3! 1', '4K 5', '5K! 5']);
    push(6, sps);
    push(6, laterSlice, 'lost marker');
    push(7, idr, 'lost marker');
    push(8, slice, 'marker');
    t.same(summary().slice(4), ['8! 7,1'], 'a dropped unit showed it, too');
  },
);

t.test('whether a decoder could be set up', async (t) => {
  const { push, depacketizer } = setUp();
  push(1, idr, 'marker');
  t.equal(depacketizer.configured, false);
  push(2, sps);
  t.equal(depacketizer.configured, true);
  depacketizer.reset();
  t.equal(depacketizer.configured, false);
  const parameters = { 'sprop-parameter-sets': 'Z0LgH4w=,aM48gA==' };
  const outOfBand = createDepacketizer({ ...H264_FORMAT, parameters }, () => {});
  t.equal(outOfBand.configured, true);
});

t.test('loss inside one timestamp drops the unit even when slices remain', async (t) => {
  const { push, summary } = setUp();
  push(1, slice);
  push(1, laterSlice, 'lost marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
});

t.test('who joins in the middle of a picture gets the next one', async (t) => {
  const { push, summary, depacketizer } = setUp();
  for (const part of fragments(idr).slice(1)) push(1, part);
  push(1, laterSlice, 'marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
  t.equal(depacketizer.malformed, 0);
});

t.test('fragments of different NAL units never merge', async (t) => {
  const first = fragments(idr);
  const second = fragments(slice);
  const cases: Record<string, Buffer[]> = {
    'start after start': [first[0]!, second[0]!, ...second.slice(1)],
    'another type in the middle': [first[0]!, second[1]!, ...first.slice(2)],
    'no start': [slice, ...first.slice(1)],
    'a single NAL unit before the end': [first[0]!, slice, ...first.slice(1)],
    'an aggregate before the end': [first[0]!, aggregate([slice]), ...first.slice(1)],
    'no end': first.slice(0, -1),
    'no FU header': [Buffer.of(0x7c)],
  };
  for (const [name, payloads] of Object.entries(cases)) {
    const { push, summary, depacketizer } = setUp();
    push(0, slice, 'marker');
    for (const payload of payloads) push(1, payload);
    push(2, slice, 'marker');
    t.same(summary(), ['0 1', '2! 1'], name);
    t.equal(depacketizer.malformed, 1, name);
  }
});

t.test('the marker on a fragment that is not the last ends nothing whole', async (t) => {
  const { push, summary, depacketizer } = setUp();
  const parts = fragments(idr);
  push(1, parts[0]!, 'marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
  t.equal(depacketizer.malformed, 1);
});

t.test('structures of the interleaved mode are malformed and break their unit', async (t) => {
  for (const type of [25, 26, 27, 29]) {
    const { push, summary, depacketizer } = setUp();
    push(1, slice);
    push(1, [0x60 | type, 0, 0, 1, 2, 3], 'marker');
    push(2, slice, 'marker');
    t.same(summary(), ['2! 1'], `type ${type}`);
    t.equal(depacketizer.malformed, 1);
  }
});

t.test('undefined types and empty packets are counted and ignored', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, slice);
  for (const type of [0, 30, 31]) push(1, [0x60 | type, 1, 2, 3]);
  push(7, []);
  push(1, laterSlice, 'marker');
  push(2, [], 'lost');
  push(2, slice, 'marker');
  t.same(summary(), ['1 1,1', '2! 1']);
  t.equal(depacketizer.malformed, 5);
});

t.test('STAP-A with garbage: what is right in it stays', async (t) => {
  const faults: Record<string, Buffer> = {
    'a trailing byte': Buffer.concat([aggregate([sps, idr]), Buffer.of(0)]),
    'a length beyond the end': Buffer.concat([aggregate([sps, idr]), Buffer.of(0, 9, 0x41, 0x9a)]),
    'an empty NAL unit': Buffer.concat([aggregate([sps, Buffer.alloc(0), idr])]),
    'a nested aggregate': aggregate([sps, aggregate([pps]), idr]),
  };
  for (const [name, payload] of Object.entries(faults)) {
    const { units, push, depacketizer } = setUp();
    push(1, payload, 'marker');
    t.same(units[0]?.parts, [sps, idr], name);
    t.equal(depacketizer.malformed, 1, name);
  }
  const { units, push, depacketizer } = setUp();
  push(1, [0x78], 'marker');
  t.same(units, []);
  t.equal(depacketizer.malformed, 1, 'nothing in it');
});

t.test('a slice of one byte breaks its unit', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, [0x41], 'marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
  t.equal(depacketizer.malformed, 1);
});

t.test('parameter sets with the timestamp of the picture join it, marker or not', async (t) => {
  const { push, summary } = setUp();
  push(1, aud, 'marker');
  push(1, aggregate([sps, pps]), 'marker');
  push(1, sei, 'marker');
  push(1, idr, 'marker');
  t.same(summary(), ['1K 9,7,8,6,5']);
});

t.test('parameter sets with a timestamp of their own go ahead of the next unit', async (t) => {
  const { units, push, summary } = setUp();
  push(1, aggregate([aud, sps, pps, sei]), 'marker');
  push(2, aud);
  push(2, idr, 'marker');
  push(3, slice, 'marker');
  t.same(summary(), ['2K 7,8,9,5', '3 1']);
  t.same(units[0]?.parts, [sps, pps, aud, idr]);
});

t.test('parameter sets outlive the picture they came with', async (t) => {
  const { units, push, summary } = setUp();
  push(1, aggregate([sps, pps]));
  push(1, fragments(idr)[0]!);
  push(1, fragments(idr)[2]!, 'lost marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 7,8,1']);
  t.same(units[0]?.parts.slice(0, 2), [sps, pps]);
});

t.test('repeated parameter sets without a picture do not pile up', async (t) => {
  const { units, push } = setUp();
  for (let timestamp = 1; timestamp < 500; timestamp++) {
    push(timestamp, aggregate([sps, pps]), 'marker');
    push(timestamp, [0x67, timestamp >> 8, timestamp & 0xff], 'marker');
  }
  push(500, aggregate([otherSps, pps]), 'marker');
  push(501, idr, 'marker');
  const parts = units[0]!.parts;
  t.ok(parts.length <= 33, `${parts.length}`);
  t.same(parts.slice(-3), [otherSps, pps, idr], 'the newest are last');
});

t.test('a unit has limits of bytes and NAL units, and the next is unharmed', async (t) => {
  const big = Buffer.alloc(1_000_000, 1);
  big[0] = 0x7c;
  const { push, summary, depacketizer } = setUp();
  for (let index = 0; index < 20; index++) {
    big[1] = index === 0 ? 0x85 : index === 19 ? 0x45 : 0x05;
    depacketizer.push(makePacket({ timestamp: 1, payload: big, marker: index === 19 }), false);
  }
  t.ok(20 * big.length > MAX_ACCESS_UNIT_BYTES);
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
  for (let index = 0; index <= MAX_NAL_UNITS; index++) push(3, slice);
  push(4, slice, 'marker');
  t.same(summary(), ['2! 1', '4! 1']);
  t.equal(depacketizer.malformed, 2);

  const many = Buffer.of(0x7c, 0x05, 1);
  push(5, [0x7c, 0x85, 0x88]);
  for (let index = 0; index < 40_000; index++) {
    depacketizer.push(makePacket({ timestamp: 5, payload: many }), false);
  }
  push(5, [0x7c, 0x45, 1], 'marker');
  push(6, slice, 'marker');
  t.same(summary().slice(2), ['6! 1'], 'so has the number of fragments');
});

t.test('after reset nothing of before comes out', async (t) => {
  const { push, summary, depacketizer } = setUp();
  push(1, aggregate([sps, pps]));
  push(1, fragments(idr)[0]!);
  depacketizer.reset();
  push(1, slice, 'marker');
  t.same(summary(), ['1 1']);
});

t.test('random packets: no exception, and only whole NAL units come out', async (t) => {
  const random = seededRandom(11);
  const types = [0, 1, 5, 7, 8, 9, 24, 25, 28, 28, 28, 29, 31];
  const { units, push, depacketizer } = setUp();
  const header = () => 0x60 | types[Math.floor(random() * types.length)]!;
  for (let round = 0; round < 30_000; round++) {
    const payload = Buffer.from(
      Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)),
    );
    if (payload.length > 0) payload[0] = header();
    if (payload.length > 1 && random() < 0.5) payload[1] = (payload[1]! & 0xc0) | 1;
    if (random() < 0.3 && payload.length > 4) payload.writeUInt16BE(payload.length - 4, 1);
    const options = `${random() < 0.1 ? 'lost ' : ''}${random() < 0.3 ? 'marker' : ''}`;
    push(Math.floor(round / 4), payload, options as 'lost marker');
  }
  t.ok(units.length > 100, `${units.length} units`);
  t.ok(depacketizer.malformed > 100);
  for (const { parts } of units) {
    for (const part of parts) {
      const type = (part[0] ?? 0) & 0x1f;
      if (part.length === 0 || type === 0 || type > 23) t.fail(part.toString('hex'));
    }
  }
});

t.test('incomplete units that are kept have the NAL units that came whole', async (t) => {
  const { units, push, summary, depacketizer } = setUp(true);
  push(1, aggregate([sps, pps]));
  const parts = fragments(idr);
  push(1, parts[0]!);
  push(1, parts.at(-1)!, 'lost');
  push(1, laterSlice, 'marker');
  push(2, slice, 'marker');
  t.same(summary(), ['1! 7,8,1', '2 1'], 'it is no keyframe any more');
  push(3, laterSlice, 'lost');
  push(3, laterSlice, 'marker');
  t.same(summary().at(-1), '3! 1,1', 'the first slice was lost');
  push(4, parts[1]!, 'lost');
  for (const part of fragments(slice)) push(4, part);
  push(4, parts[0]!, 'marker');
  push(5, idr, 'marker');
  t.same(summary().slice(3), ['4! 1', '5K 5'], 'one NAL unit of 4 was whole');
  t.same(units[3]?.parts, [slice]);
  t.equal(depacketizer.broken, 3);
  push(6, parts[1]!, 'lost marker');
  push(7, slice, 'marker');
  t.same(summary().slice(5), ['7! 1'], 'of 6 nothing is left');
  t.equal(depacketizer.broken, 4);
});

t.test('a kept unit that is too large is dropped all the same', async (t) => {
  const { push, summary, depacketizer } = setUp(true);
  const part = Buffer.alloc(64_000, 1);
  part[0] = 0x41;
  part[1] = 0x9a;
  for (let i = 0; i <= MAX_ACCESS_UNIT_BYTES / part.length; i++) push(1, part);
  push(1, part, 'marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1']);
  t.equal(depacketizer.broken, 1);
});

t.test('what no other picture refers to may be lost in part', async (t) => {
  const disposable = Buffer.from(laterSlice);
  disposable[0] = 0x01;
  const first = Buffer.from(slice);
  first[0] = 0x01;
  const setUps = {
    'single NAL units': [first, disposable],
    fragments: fragments(Buffer.concat([first, Buffer.alloc(20, 1)])),
  };
  for (const [name, [one, ...more]] of Object.entries(setUps)) {
    const { push, summary, depacketizer } = setUp();
    push(1, slice, 'marker');
    push(2, one!);
    push(2, more.at(-1)!, 'lost marker');
    push(3, slice, 'marker');
    t.same(summary(), ['1 1', '3 1'], name);
    t.equal(depacketizer.broken, 1);
    push(4, one!);
    push(5, slice, 'lost marker');
    t.same(summary().at(-1), '5! 1', 'what else was lost nobody knows');
  }
  const { push, summary } = setUp();
  push(1, sei);
  push(1, disposable, 'lost marker');
  push(2, slice, 'marker');
  t.same(summary(), ['2! 1'], 'what it is was not known at the gap');
});

t.test('a picture that its sender abandoned for a keyframe, without a gap', async (t) => {
  const keyframes = {
    'parameter sets together': [aggregate([sps, pps]), idr],
    'parameter sets alone': [sps, pps, idr],
    fragments: fragments(idr),
  };
  for (const [name, payloads] of Object.entries(keyframes)) {
    const { push, summary, depacketizer } = setUp();
    for (let timestamp = 1; timestamp <= 10; timestamp++) push(timestamp, slice, 'marker');
    push(11, slice);
    push(11, laterSlice);
    for (const payload of payloads) push(12, payload, payload === payloads.at(-1) ? 'marker' : '');
    t.same(
      summary()
        .slice(10)
        .map((unit) => unit.split(' ')[0]),
      ['12K!'],
      name,
    );
    t.equal(depacketizer.broken, 1);
    t.equal(depacketizer.malformed, 0);
  }
  const { push, summary } = setUp();
  for (let timestamp = 1; timestamp <= 20; timestamp++) push(timestamp, slice, 'marker');
  push(21, slice);
  push(22, slice, 'marker');
  t.equal(summary().length, 22, 'before any other picture the marker is not relied on');
  push(23, slice);
  push(24, idr, 'marker');
  t.equal(summary().length, 24, 'nor where it is left out now and then');
});
