import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Test } from 'tap';
import { decodedFrames, probe } from '../containers/mp4/encoded-media.ts';
import { FRAME_RATE } from '../publisher/clip.ts';
import { readDayFolder } from '../server/day-folder.ts';

/** What became of a clip that was published over and over. */
export interface RecordedClip {
  /** What the manifest says. */
  codecs: string;
  mimeType: string;
  /** What ffprobe says. */
  codecName: string;
  pictures: number;
  framesPerSecond: number;
  /** Steps from one picture to the next that are no thirtieth of a second; not those at the ends. */
  unevenSteps: number;
}

/**
 * Holds the only Period of a recording to the clip that was published: all pictures in their order, to
 * the bit.
 * @param hashes of the clip's pictures in the order of showing
 * @param root storage root of the recorder
 */
export async function checkRecordedClip(
  t: Test,
  hashes: readonly string[],
  root: string,
  stream: string,
): Promise<RecordedClip> {
  const day = await readDayFolder(root, stream);
  t.equal(day.periods.length, 1, 'one Period');
  const { video } = day.periods[0]!;
  const { init, segments, described } = video!;
  const joined = path.join(root, `${stream}.media`);
  const files = await Promise.all([init, ...segments].map((file) => readFile(file)));
  await writeFile(joined, Buffer.concat(files));
  const { stream: probed, packets } = await probe(joined);
  const decoded = await decodedFrames(joined);
  t.equal(decoded.length, packets.length, 'every picture is decoded');
  const first = hashes.indexOf(decoded[0]!);
  // At the end those may be missing that the last ones are shown after.
  const wrong = decoded.slice(0, -3).findIndex((hash, i) => {
    return hash !== hashes[(first + i) % hashes.length];
  });
  t.equal(wrong, -1, 'as it was encoded, to the bit');
  const shown = packets.map(({ pts }) => pts / described.timescale).toSorted((a, b) => a - b);
  const uneven = shown.slice(1, -3).filter((time, i) => {
    return Math.abs(time - shown[i]! - 1 / FRAME_RATE) > 1.1 / described.timescale + 1e-4;
  });
  return {
    codecs: described.codecs,
    mimeType: described.mimeType,
    codecName: String(probed.codec_name),
    pictures: decoded.length,
    unevenSteps: uneven.length,
    framesPerSecond: (shown.length - 1) / (shown.at(-1)! - shown[0]!),
  };
}
