/** Maximum duration of an Opus packet, ticks at 48 kHz: 120 ms (RFC 6716 §3.2.5). */
const MAX_DURATION = 5760;

/** Maximum size of a frame, bytes (RFC 6716 §3.4, requirement 2). */
const MAX_FRAME_LENGTH = 1275;

/**
 * Frame durations by configuration number in ticks at 48 kHz (RFC 6716 §3.1, table 2): four SILK
 * sizes three times, two hybrid sizes twice, four CELT sizes four times.
 */
const SILK_DURATIONS = [480, 960, 1920, 2880];
const HYBRID_DURATIONS = [480, 960];
const CELT_DURATIONS = [120, 240, 480, 960];
const frameDurations = [
  ...[SILK_DURATIONS, SILK_DURATIONS, SILK_DURATIONS],
  ...[HYBRID_DURATIONS, HYBRID_DURATIONS],
  ...[CELT_DURATIONS, CELT_DURATIONS, CELT_DURATIONS, CELT_DURATIONS],
].flat();

/**
 * Duration of an Opus packet, ticks at 48 kHz, from its table-of-contents byte (RFC 6716 §3.1) and
 * its number of frames.
 *
 * @returns undefined if the packet violates RFC 6716 §3.4
 */
export function opusPacketDuration(packet: Buffer): number | undefined {
  const toc = packet[0];
  if (toc === undefined) return undefined;
  const frames = frameCount(packet, toc & 3);
  if (frames === undefined) return undefined;
  const duration = frames * frameDurations[toc >> 3]!;
  return duration <= MAX_DURATION ? duration : undefined;
}

/** Whether an Opus packet is coded in two channels (RFC 6716 §3.1, bit `s`). */
export function isStereo(packet: Buffer): boolean {
  return ((packet[0] ?? 0) & 4) !== 0;
}

/**
 * Number of frames in the packet by its code (RFC 6716 §3.2); undefined if their lengths are
 * inconsistent.
 */
function frameCount(packet: Buffer, code: number): number | undefined {
  const rest = packet.length - 1;
  switch (code) {
    case 0:
      return rest <= MAX_FRAME_LENGTH ? 1 : undefined;
    case 1:
      return rest % 2 === 0 && rest / 2 <= MAX_FRAME_LENGTH ? 2 : undefined;
    case 2: {
      const second = lengthAfterCodedFrames(packet, 1, packet.length, 1);
      return second !== undefined && second <= MAX_FRAME_LENGTH ? 2 : undefined;
    }
    default:
      return signalledFrameCount(packet);
  }
}

/** Code 3: number of frames, padding and the kind of lengths are signalled (RFC 6716 §3.2.5). */
function signalledFrameCount(packet: Buffer): number | undefined {
  const control = packet[1];
  if (control === undefined) return undefined;
  const count = control & 0x3f;
  if (count === 0) return undefined;

  let start = 2;
  let end = packet.length;
  if ((control & 0x40) !== 0) {
    let length = 255;
    while (length === 255) {
      const byte = packet[start];
      if (byte === undefined) return undefined;
      start++;
      length = byte;
      end -= byte === 255 ? 254 : byte;
    }
    if (end < start) return undefined;
  }

  if ((control & 0x80) !== 0) {
    const last = lengthAfterCodedFrames(packet, start, end, count - 1);
    return last !== undefined && last <= MAX_FRAME_LENGTH ? count : undefined;
  }
  const rest = end - start;
  return rest % count === 0 && rest / count <= MAX_FRAME_LENGTH ? count : undefined;
}

/**
 * Reads `count` frame lengths (RFC 6716 §3.2.1) from `start`.
 *
 * @returns number of bytes before `end` for the frame without a coded length; undefined if the
 * lengths or their frames exceed `end`
 */
function lengthAfterCodedFrames(
  packet: Buffer,
  start: number,
  end: number,
  count: number,
): number | undefined {
  let offset = start;
  let framesLength = 0;
  for (let frame = 0; frame < count; frame++) {
    if (offset >= end) return undefined;
    const first = packet[offset++]!;
    framesLength += first;
    if (first >= 252) {
      if (offset >= end) return undefined;
      framesLength += 4 * packet[offset++]!;
    }
  }
  const rest = end - offset - framesLength;
  return rest >= 0 ? rest : undefined;
}
