import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { readChunks } from '../../src/containers/mp4/chunk-reader.ts';
import { parseFileName, segmentName } from '../../src/layout/file-names.ts';
import type { TrackKind } from '../../src/media/access-unit.ts';

/** Identifies our SEI messages (ITU-T H.264 §D.1.7); no byte of it is 0, so that nothing is escaped. */
const UUID = Buffer.from('live777-recorder');
/** Digits of a number in a mark. */
const DIGITS = 10;
/** Opus, CELT, full band, 20 ms, stereo, one frame (RFC 6716 §3.1). */
const OPUS_TOC = 0xfc;

/** A NAL unit that decoders pass over, and that carries a number: goes before a picture's slices. */
export function markedSei(number: number): Buffer {
  const text = Buffer.from(String(number).padStart(DIGITS, '0'));
  return Buffer.concat([
    Buffer.from([6, 5, UUID.length + DIGITS]),
    UUID,
    text,
    Buffer.from([0x80]),
  ]);
}

/** An Opus packet of 20 ms that carries a number; what it sounds like does not matter. */
export function markedOpus(number: number): Buffer {
  const text = Buffer.from(String(number).padStart(DIGITS, '0'));
  return Buffer.concat([Buffer.from([OPUS_TOC]), UUID, text]);
}

/**
 * The numbers that the segment files of a day folder carry, in the order of the files' numbers; samples
 * without one (silence) are left out.
 */
export async function readMarks(folder: string, kind: TrackKind): Promise<number[]> {
  const numbers = (await readdir(folder))
    .map(parseFileName)
    .filter((file) => file?.type === 'seg' && file.kind === kind && !file.isPart)
    .map((file) => file!.number)
    .sort((a, b) => a - b);
  const marks: number[] = [];
  for (const number of numbers) {
    marks.push(...(await marksOf(path.join(folder, segmentName(kind, number, 'mp4')))));
  }
  return marks;
}

async function marksOf(file: string): Promise<number[]> {
  const marks: number[] = [];
  const bytes = await readFile(file);
  const handle = await open(file);
  try {
    const { chunks } = await readChunks(handle, bytes.length);
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
