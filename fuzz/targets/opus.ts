import { opus } from '../../src/codecs/opus/codec.ts';
import { isStereo, opusPacketDuration } from '../../src/codecs/opus/toc.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const FORMAT = { payloadType: 111, codec: 'opus', clockRate: 48_000, parameters: {} };

/** One Opus packet against RFC 6716 §3.4 read a second time, then all its parts as a stream. */
export const target: FuzzTarget = {
  covers: [
    'src/codecs/opus/toc.ts',
    'src/codecs/packet-depacketizer.ts',
    'src/codecs/opus/silence.ts',
  ],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from('f8fffe', 'hex'),
    Buffer.from('fc0102030405', 'hex'),
    Buffer.from('4901020304', 'hex'),
    Buffer.from('fa02010203040506', 'hex'),
    Buffer.from('fb4303010203040506000000', 'hex'),
    Buffer.from('0b83010101020304', 'hex'),
  ],
  run(input) {
    const duration = opusPacketDuration(input);
    must(duration === naiveDuration(input), 'a second reading finds the same duration');
    isStereo(input);

    let emitted = 0;
    let pushed = 0;
    const depacketizer = opus.createDepacketizer(FORMAT, (unit) => {
      emitted++;
      must(unit.parts.length === 1 && unit.parts[0]!.length > 0, 'a unit is one packet');
    });
    const decisions = new Decisions(input);
    while (!decisions.done) {
      const lost = decisions.byte();
      const packet = {
        ...{ ssrc: 1, payloadType: 111, sequenceNumber: pushed, timestamp: pushed * 960 },
        ...{ marker: false, arrivalUs: pushed * 20_000, payload: decisions.block() },
      };
      if (lost === 0xff) depacketizer.reset();
      depacketizer.push(packet, (lost & 1) === 1);
      pushed++;
    }
    depacketizer.flush();
    must(emitted + depacketizer.malformed === pushed, 'each packet is emitted or counted');
  },
};

/** RFC 6716 §3.1 and §3.2 word for word, in ticks at 48 kHz. */
function naiveDuration(packet: Buffer): number | undefined {
  if (packet.length < 1) return undefined;
  const config = packet[0]! >> 3;
  const milliseconds =
    config < 12
      ? [10, 20, 40, 60][config % 4]!
      : config < 16
        ? [10, 20][config % 2]!
        : [2.5, 5, 10, 20][config % 4]!;
  const lengths = frameLengths(packet);
  if (lengths === undefined || lengths.some((length) => length < 0 || length > 1275))
    return undefined;
  const total = lengths.length * milliseconds;
  return total <= 120 ? total * 48 : undefined;
}

function frameLengths(packet: Buffer): number[] | undefined {
  const rest = packet.length - 1;
  const code = packet[0]! & 3;
  if (code === 0) return [rest];
  if (code === 1) return rest % 2 === 0 ? [rest / 2, rest / 2] : undefined;
  if (code === 2) {
    const first = lengthAt(packet, 1);
    if (first === undefined) return undefined;
    const second = rest - first.bytes - first.value;
    return second < 0 ? undefined : [first.value, second];
  }
  return manyLengths(packet);
}

function manyLengths(packet: Buffer): number[] | undefined {
  const head = packet[1];
  if (head === undefined) return undefined;
  const count = head & 0x3f;
  if (count === 0) return undefined;
  let at = 2;
  let padding = 0;
  if ((head & 0x40) !== 0) {
    for (;;) {
      const byte = packet[at++];
      if (byte === undefined) return undefined;
      padding += byte === 255 ? 254 : byte;
      if (byte !== 255) break;
    }
  }
  const end = packet.length - padding;
  if ((head & 0x80) === 0) {
    const bytes = end - at;
    if (bytes < 0 || bytes % count !== 0) return undefined;
    return new Array(count).fill(bytes / count);
  }
  const lengths: number[] = [];
  for (let frame = 1; frame < count; frame++) {
    const length = lengthAt(packet.subarray(0, Math.max(0, end)), at);
    if (length === undefined) return undefined;
    lengths.push(length.value);
    at += length.bytes;
  }
  const last = end - at - lengths.reduce((sum, length) => sum + length, 0);
  return last < 0 ? undefined : [...lengths, last];
}

/** RFC 6716 §3.2.1. */
function lengthAt(packet: Buffer, at: number): { value: number; bytes: number } | undefined {
  const first = packet[at];
  if (first === undefined) return undefined;
  if (first < 252) return { value: first, bytes: 1 };
  const second = packet[at + 1];
  return second === undefined ? undefined : { value: second * 4 + first, bytes: 2 };
}
