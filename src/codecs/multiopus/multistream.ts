import { opusPacketDuration } from '../opus/toc.ts';

/** Where a length ends that is coded in one byte or two (RFC 6716 §3.2.1), and what it says. */
interface FrameLength {
  value: number;
  end: number;
}

/**
 * How much sound a packet of several Opus streams holds, ticks at 48 kHz: one packet of each stream, all
 * but the last with its own length (RFC 6716 appendix B, RFC 7845 §3).
 * @param streams how many there are
 * @returns undefined where a stream's packet breaks the format, or is not as long as the others
 */
export function multistreamDuration(packet: Buffer, streams: number): number | undefined {
  let start = 0;
  let duration: number | undefined;
  for (let stream = 1; stream <= streams; stream++) {
    const own =
      stream < streams ? delimited(packet, start) : { parts: [packet.subarray(start)], end: 0 };
    if (own === undefined) return undefined;
    const { parts, end } = own;
    const each = opusPacketDuration(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
    if (each === undefined || each !== (duration ?? each)) return undefined;
    duration = each;
    start = end;
  }
  return duration;
}

/** A packet with its own length, as the parts of one without, and where it ends. */
function delimited(data: Buffer, start: number): { parts: Buffer[]; end: number } | undefined {
  const toc = data[start];
  if (toc === undefined) return undefined;
  const code = toc & 3;
  if (code === 3) return delimitedMany(data, start);
  // Code 2 has the length of its first frame as well, and that of the second one follows.
  const first = code === 2 ? frameLength(data, start + 1) : undefined;
  if (code === 2 && first === undefined) return undefined;
  const from = first?.end ?? start + 1;
  const last = frameLength(data, from);
  if (last === undefined) return undefined;
  const frames = code === 0 ? last.value : code === 1 ? 2 * last.value : first!.value + last.value;
  return without(data, start, from, last.end, last.end + frames);
}

/** Code 3 (RFC 6716 §3.2.5): frame count, padding, and lengths of all frames or one for each of them. */
function delimitedMany(data: Buffer, start: number): { parts: Buffer[]; end: number } | undefined {
  const head = data[start + 1];
  if (head === undefined || (head & 0x3f) === 0) return undefined;
  const count = head & 0x3f;
  let at = start + 2;
  let padding = 0;
  for (let byte: number | undefined = head & 0x40 ? 255 : 0; byte === 255; ) {
    byte = data[at++];
    if (byte === undefined) return undefined;
    padding += byte === 255 ? 254 : byte;
  }
  let frames = 0;
  if (head & 0x80) {
    for (let frame = 1; frame < count; frame++) {
      const length = frameLength(data, at);
      if (length === undefined) return undefined;
      frames += length.value;
      at = length.end;
    }
  }
  const last = frameLength(data, at);
  if (last === undefined) return undefined;
  frames += head & 0x80 ? last.value : count * last.value;
  return without(data, start, at, last.end, last.end + frames + padding);
}

/** All but the bytes of the length that a packet by itself does not have. */
function without(data: Buffer, start: number, from: number, to: number, end: number) {
  if (end > data.length) return undefined;
  return { parts: [data.subarray(start, from), data.subarray(to, end)], end };
}

function frameLength(data: Buffer, at: number): FrameLength | undefined {
  const first = data[at];
  if (first === undefined) return undefined;
  if (first < 252) return { value: first, end: at + 1 };
  const second = data[at + 1];
  return second === undefined ? undefined : { value: 4 * second + first, end: at + 2 };
}
