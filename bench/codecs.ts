import { Av1Depacketizer } from '../src/codecs/av1/depacketizer.ts';
import type { VideoCodec } from '../src/codecs/codec.ts';
import { H264Depacketizer } from '../src/codecs/h264/depacketizer.ts';
import { H265Depacketizer } from '../src/codecs/h265/depacketizer.ts';
import { videoCodec } from '../src/codecs/registry.ts';
import { Vp8Depacketizer } from '../src/codecs/vp8/depacketizer.ts';
import { Vp9Depacketizer } from '../src/codecs/vp9/depacketizer.ts';
import { containerNamed } from '../src/containers/registry.ts';
import type { AccessUnit } from '../src/media/access-unit.ts';
import type { Depacketizer } from '../src/media/depacketizer.ts';
import type { PayloadFormat } from '../src/media/payload-format.ts';
import type { Sample } from '../src/media/sample.ts';
import { Slab } from '../src/media/slab.ts';

const PACKETS = 100_000;
const ROUNDS = 12;
const SAMPLES = 3000;
/** Samples of a chunk, which lasts a second. */
const CHUNK_SAMPLES = 30;
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
const codecs: [codec: string, how: string, (emit: Emit) => Depacketizer, Head][] = [
  ['h264', 'FU-A', (emit) => new H264Depacketizer(format, emit), (at) => [0x7c, fuEnds(at) | 1]],
  ['h265', 'FU', (emit) => new H265Depacketizer(format, emit), (at) => [98, 1, fuEnds(at) | 1]],
  [
    'vp8',
    'two-byte PictureID',
    (emit) => new Vp8Depacketizer(emit),
    (at) => [isFirst(at) ? 0x90 : 0x80, 0x80, 0x81, 0x23, 0x01],
  ],
  [
    'vp9',
    'flexible mode',
    (emit) => new Vp9Depacketizer(emit),
    (at) => [0xd0 | (isFirst(at) ? 8 : 0) | (isLast(at) ? 4 : 0), 0x81, 0x23, 0x02, 0x85],
  ],
  [
    'av1',
    'one OBU a picture',
    (emit) => new Av1Depacketizer(emit),
    (at) => [0x10 | (isFirst(at) ? 0 : 0x80) | (isLast(at) ? 0 : 0x40), 0x30, 0x30],
  ],
];

/** Best times of the rounds, µs of CPU a packet and a sample. */
interface Best {
  packet: number;
  sample: number;
}

/** µs of CPU time that something takes, divided by a count. */
function cpuUs(work: () => void, count: number): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

/** One codec, or nothing at all: its packets, what comes out of them, and what is written of that. */
class Lane {
  readonly best: Best = { packet: Number.POSITIVE_INFINITY, sample: Number.POSITIVE_INFINITY };
  readonly #depacketizer: Depacketizer;
  readonly #payloads: readonly Buffer[];
  readonly #codec: VideoCodec | undefined;
  readonly #slab = new Slab();
  readonly #kept: AccessUnit[] = [];
  #units = 0;
  #timestamp = 0;

  constructor(
    create: ((emit: Emit) => Depacketizer) | undefined,
    payloads: readonly Buffer[],
    codec: VideoCodec | undefined,
  ) {
    this.#payloads = payloads;
    this.#codec = codec;
    const emit = (unit: AccessUnit) => {
      if (this.#units++ < SAMPLES) this.#kept.push(unit);
    };
    this.#depacketizer = create?.(emit) ?? nothing;
  }

  run(): void {
    this.#units = 0;
    this.#kept.length = 0;
    this.best.packet = Math.min(
      this.best.packet,
      cpuUs(() => this.#packets(), PACKETS),
    );
    if (this.#codec === undefined) return;
    // One that took nothing would be fast.
    if (this.#units !== PACKETS / PACKETS_PER_PICTURE) {
      throw new Error(`${this.#units} pictures of ${this.#codec.name} came out`);
    }
    const codec = this.#codec;
    this.best.sample = Math.min(
      this.best.sample,
      cpuUs(() => this.#samples(codec), SAMPLES),
    );
  }

  /** From packet to access unit, with what it takes to make the packet. */
  #packets(): void {
    for (let n = 0; n < PACKETS; n++) {
      const place = n % PACKETS_PER_PICTURE;
      if (place === 0) this.#timestamp = (this.#timestamp + 3000) >>> 0;
      const payload = this.#slab.take(PAYLOAD_BYTES);
      this.#payloads[place]!.copy(payload);
      const fields = { ssrc: 1, payloadType: 96, sequenceNumber: n & 0xffff, arrivalUs: n * 3000 };
      const timestamp = this.#timestamp;
      this.#depacketizer.push({ ...fields, timestamp, marker: isLast(place), payload }, false);
    }
  }

  /** From access unit to a chunk of a second that is ready to be written. */
  #samples(codec: VideoCodec): void {
    const reader = codec.createReader([]);
    const { containers, isLengthPrefixed } = codec.blank(undefined).configuration;
    const container = containerNamed(containers[0]!);
    for (let from = 0; from < SAMPLES; from += CHUNK_SAMPLES) {
      const samples: Sample[] = [];
      for (let at = from; at < from + CHUNK_SAMPLES; at++) {
        const parts = reader.toSample(this.#kept[at]!);
        if (reader.isRecoveryPoint(parts)) throw new Error('no such picture was sent');
        samples.push({ time: at * 33, duration: 33, keyframe: at === from, parts });
      }
      container.chunk({ kind: 'video', isLengthPrefixed, sequenceNumber: 1, samples });
    }
  }
}

const nothing: Depacketizer = {
  ...{ malformed: 0, broken: 0, discontinuity: false, configured: true },
  push() {},
  flush() {},
  reset() {},
};

/** Measures the way from packet to access unit, and on to a chunk, for each codec. */
export async function run(): Promise<void> {
  const payloadsOf = (head: Head) =>
    Array.from({ length: PACKETS_PER_PICTURE }, (_, place) => {
      const payload = Buffer.alloc(PAYLOAD_BYTES, 0x88);
      payload.set(head(place));
      return payload;
    });
  const base = new Lane(
    undefined,
    payloadsOf(() => []),
    undefined,
  );
  const lanes = codecs.map(([codec, how, create, head]) => {
    const lane = new Lane(create, payloadsOf(head), videoCodec(codec));
    return { name: `${videoCodec(codec).description.encodingName} (${how})`, lane };
  });
  // In turns, so that what else the machine does falls on all of them.
  for (let round = 0; round < ROUNDS; round++) {
    base.run();
    for (const { lane } of lanes) lane.run();
  }
  for (const { name, lane } of lanes) {
    const { packet, sample } = lane.best;
    const perPacket = (packet - base.best.packet).toFixed(3).padStart(8);
    console.log(
      `${name.padEnd(36)}${perPacket} µs/packet${sample.toFixed(2).padStart(8)} µs/sample`,
    );
  }
}
