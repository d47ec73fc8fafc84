import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { containerNamed } from '../../src/containers/registry.ts';
import { type FolderFile, parseFileName } from '../../src/layout/file-names.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';

/** Identifies our SEI messages (ITU-T H.264 §D.1.7); no byte of it is 0, so that nothing is escaped. */
const UUID = Buffer.from('live777-recorder');
/** Digits of a number in a mark. */
const DIGITS = 10;
/** Opus, CELT, full band, 20 ms, stereo, one frame (RFC 6716 §3.1). */
const OPUS_TOC = 0xfc;

function markOf(number: number): Buffer {
  return Buffer.concat([UUID, Buffer.from(String(number).padStart(DIGITS, '0'))]);
}

/** A NAL unit that decoders pass over, and that carries a number: goes before a picture's slices. */
export function markedSei(number: number): Buffer {
  return seiOf(Buffer.of(6), number);
}

/** user_data_unregistered() in a NAL unit. @param header of the NAL unit */
function seiOf(header: Buffer, number: number): Buffer {
  const mark = markOf(number);
  return Buffer.concat([header, Buffer.of(5, mark.length), mark, Buffer.of(0x80)]);
}

/**
 * The parts of a picture with a number in what decoders pass over.
 * @param codec its name in the registry
 */
export function markedPicture(codec: string, parts: readonly Buffer[], number: number): Buffer[] {
  switch (codec) {
    case 'h264':
      return [...parts.slice(0, -1), markedSei(number), parts.at(-1)!];
    case 'h265':
      // ITU-T H.265 §7.3.1.2: a prefix SEI.
      return [...parts.slice(0, -1), seiOf(Buffer.of(0x4e, 1), number), parts.at(-1)!];
    case 'av1': {
      // A padding OBU with its size (AV1 §5.3, §5.7).
      const padding = Buffer.concat([markOf(number), Buffer.of(0x80)]);
      return [...parts, Buffer.concat([Buffer.of(0x7a, padding.length), padding])];
    }
    default:
      // VP8 and VP9: behind the last partition or tile.
      return [...parts, markOf(number)];
  }
}

/** An Opus packet of 20 ms that carries a number; what it sounds like does not matter. */
export function markedOpus(number: number): Buffer {
  return Buffer.concat([Buffer.of(OPUS_TOC), markOf(number)]);
}

/**
 * The numbers that the segment files of a day folder carry, in the order of the files' numbers; samples
 * without one (silence) are left out.
 */
export async function readMarks(folder: string, kind: TrackKind): Promise<number[]> {
  const files = (await readdir(folder))
    .map(parseFileName)
    .filter((file) => file?.type === 'seg' && file.kind === kind && !file.isPart)
    .map((file) => file!)
    .sort((a, b) => a.number - b.number);
  const marks: number[] = [];
  for (const file of files) marks.push(...(await marksOf(path.join(folder, file.name), file)));
  return marks;
}

async function marksOf(file: string, { container }: FolderFile): Promise<number[]> {
  const marks: number[] = [];
  const bytes = await readFile(file);
  const handle = await open(file);
  try {
    const { chunks } = await containerNamed(container).readChunks(handle, bytes.length);
    for (const { sampleOffsets, sampleSizes } of chunks) {
      for (const [i, size] of sampleSizes.entries()) {
        const sample = bytes.subarray(sampleOffsets[i]!, sampleOffsets[i]! + size);
        const mark = sample.indexOf(UUID) + UUID.length;
        if (mark < UUID.length) continue;
        marks.push(Number(sample.toString('latin1', mark, mark + DIGITS)));
      }
    }
  } finally {
    await handle.close();
  }
  return marks;
}
