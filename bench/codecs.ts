import { Av1Depacketizer } from '../src/codecs/av1/depacketizer.ts';
import { H264Depacketizer } from '../src/codecs/h264/depacketizer.ts';
import { H265Depacketizer } from '../src/codecs/h265/depacketizer.ts';
import { Vp8Depacketizer } from '../src/codecs/vp8/depacketizer.ts';
import { Vp9Depacketizer } from '../src/codecs/vp9/depacketizer.ts';
import type { AccessUnit } from '../src/media/access-unit.ts';
import type { Depacketizer } from '../src/media/depacketizer.ts';
import type { PayloadFormat } from '../src/media/payload-format.ts';
import { Slab } from '../src/media/slab.ts';

const PACKETS = 100_000;
const ROUNDS = 8;
const PACKETS_PER_PICTURE = 10;
const PAYLOAD_BYTES = 1100;

type Emit = (unit: AccessUnit) => void;
/** The first bytes of a picture's packet at this place, of which all others are media. */
type Head = (place: number) => number[];

const format: PayloadFormat = { payloadType: 96, codec: '', clockRate: 90_000, parameters: {} };
const isFirst = (place: number) => place === 0;
const isLast = (place: number) => place === PACKETS_PER_PICTURE - 1;
/** The bits of an FU header that say where a NAL unit begins and ends (RFC 6184 §5.8). */
const fuEnds = (place: number) => (isFirst(place) ? 0x80 : 0) | (isLast(place) ? 0x40 : 0);

/** Pictures that no keyframe is among, in ten packets each, as senders of today cut them. */
const codecs: [name: string, create: (emit: Emit) => Depacketizer, head: Head][] = [
  ['H264 (FU-A)', (emit) => new H264Depacketizer(format, emit), (at) => [0x7c, fuEnds(at) | 1]],
  ['H265 (FU)', (emit) => new H265Depacketizer(format, emit), (at) => [98, 1, fuEnds(at) | 1]],
  [
    'VP8 (two-byte PictureID)',
    (emit) => new Vp8Depacketizer(emit),
    (at) => [isFirst(at) ? 0x90 : 0x80, 0x80, 0x81, 0x23, 0x01],
  ],
  [
    'VP9 (flexible mode)',
    (emit) => new Vp9Depacketizer(emit),
    (at) => [0xd0 | (isFirst(at) ? 8 : 0) | (isLast(at) ? 4 : 0), 0x81, 0x23, 0x02, 0x85],
  ],
  [
    'AV1 (one OBU a picture)',
    (emit) => new Av1Depacketizer(emit),
    (at) => [0x10 | (isFirst(at) ? 0 : 0x80) | (isLast(at) ? 0 : 0x40), 0x30, 0x30],
  ],
];

/** µs of CPU time a packet in the best of some rounds, with what it takes to make the packet. */
function measure(create: (emit: Emit) => Depacketizer, payloads: readonly Buffer[]): number {
  const slab = new Slab();
  let units = 0;
  const depacketizer = create(() => units++);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let n = 0; n < PACKETS; n++) {
      const place = n % PACKETS_PER_PICTURE;
      const payload = slab.take(PAYLOAD_BYTES);
      payloads[place]!.copy(payload);
      const fields = { ssrc: 1, payloadType: 96, sequenceNumber: n & 0xffff, arrivalUs: n * 3000 };
      const timestamp = (((round * PACKETS + n - place) / PACKETS_PER_PICTURE) * 3000) >>> 0;
      depacketizer.push({ ...fields, timestamp, marker: isLast(place), payload }, false);
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / PACKETS);
  }
  // One that took nothing would be fast.
  const isRight = depacketizer === nothing || units === (ROUNDS * PACKETS) / PACKETS_PER_PICTURE;
  if (!isRight) throw new Error(`${units} pictures came out`);
  return best;
}

const nothing: Depacketizer = {
  ...{ malformed: 0, broken: 0, discontinuity: false, configured: true },
  push() {},
  flush() {},
  reset() {},
};

/** Measures the way from packet to access unit for each codec and prints µs a packet. */
export async function run(): Promise<void> {
  for (const [name, create, head] of codecs) {
    const payloads = Array.from({ length: PACKETS_PER_PICTURE }, (_, place) => {
      const payload = Buffer.alloc(PAYLOAD_BYTES, 0x88);
      payload.set(head(place));
      return payload;
    });
    const perPacket = measure(create, payloads) - measure(() => nothing, payloads);
    console.log(`${name.padEnd(44)}${perPacket.toFixed(3).padStart(8)} µs/packet`);
  }
}
