import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Test } from 'tap';
import type { Segment } from '../../../src/facts/segment.ts';
import { readFolderSegments } from '../../../src/index-rebuild/folder-segments.ts';
import { folderReader } from '../../../src/storage/recordings-reader.ts';
import { verifyRecording } from '../../../src/verification/verify-recording.ts';
import { decodedFrames, probe } from '../../containers/mp4/encoded-media.ts';
import { readMpd } from '../../media/read-mpd.ts';
import { type SimulatedOptions, SimulatedPublisher } from '../simulated-publisher.ts';

/** The day folder of a recording that begins when a simulated publisher does by default. */
export const FOLDER = 'cam1/2026/03/04';

/** Encoders that reorder give a picture away when they have those that it refers to. */
const REPORTS = {
  videoReportUs: 0,
  audioReportUs: 0,
  videoDelayUs: 100_000,
  audioDelayUs: 100_000,
};

/** A publisher of these pictures, whose recording lies in the folder of the test. */
export function publisherOf(
  t: Test,
  frames: SimulatedOptions['frames'] & object,
  options: SimulatedOptions = {},
): SimulatedPublisher {
  const root = path.join(t.testdirName, 'root');
  return new SimulatedPublisher(t, { ...REPORTS, frames, ...options }, root);
}

/** The video of each Period of a day, as manifest, ffprobe and decoder have it. */
export async function recordedVideo(t: Test, publisher: SimulatedPublisher, day = FOLDER) {
  const folder = path.join(publisher.root, day);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  const found = [];
  for (const [i, period] of mpd.periods.entries()) {
    const set = period.adaptationSets.find(({ contentType }) => contentType === 'video')!;
    const names = [set.initialization, ...set.segments.map(({ file }) => file)];
    const files = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
    const joined = path.join(t.testdirName, `${day.replaceAll('/', '_')}-${i}.media`);
    await writeFile(joined, Buffer.concat(files));
    const { stream, packets } = await probe(joined);
    found.push({ set, stream, packets, hashes: await decodedFrames(joined) });
  }
  return found;
}

/**
 * What has to hold of every finished recording: it verifies, and its files alone tell the index.
 * @param options.kinds of what `verify` has to say all the same
 * @param options.decode let it decode as well; true by default
 */
export async function checkFolder(
  t: Test,
  publisher: SimulatedPublisher,
  day = FOLDER,
  { kinds = [], decode = true }: { kinds?: string[]; decode?: boolean } = {},
): Promise<void> {
  const { findings } = await verifyRecording(path.join(publisher.root, day), { decode });
  t.same(
    findings.map(({ kind }) => kind),
    kinds,
  );
  const reader = folderReader(publisher.root);
  const { segments } = await readFolderSegments(reader, day, 'cam1', () => true);
  const byPath = (a: { path: string }, b: { path: string }) => a.path.localeCompare(b.path);
  const told = publisher.segments.filter((segment) => segment.path.startsWith(day));
  t.same(segments.toSorted(byPath), told.map(ofFiles).toSorted(byPath), 'the files alone tell it');
}

/** What files tell of a segment: all but why its Period began. */
export function ofFiles({ periodReason, ...segment }: Segment): Omit<Segment, 'periodReason'> {
  return segment;
}
