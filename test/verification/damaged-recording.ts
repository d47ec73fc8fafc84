import { cp, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Test } from 'tap';
import {
  NOON_US,
  type SimulatedOptions,
  SimulatedPublisher,
} from '../recording/simulated-publisher.ts';
import { inTestFolder } from '../test-folder.ts';

/** The day folder of {@link recordTwoPeriods}, below its root. */
export const FOLDER = 'cam1/2026/03/04';

/**
 * Records 9 s and, after a pause of 10 s, another 5 s: two Periods of segments of 2 s.
 * @returns the publisher, with its recording closed
 */
export async function recordTwoPeriods(
  t: Test,
  options: SimulatedOptions = {},
): Promise<SimulatedPublisher> {
  const publisher = new SimulatedPublisher(
    t,
    { startUs: NOON_US, videoReportUs: 0, audioReportUs: 0, ...options },
    inTestFolder(t, 'recordings'),
  );
  await publisher.run(9);
  publisher.recording.detach();
  await publisher.run(10, () => true);
  publisher.attach();
  await publisher.run(5);
  await publisher.recording.close();
  return publisher;
}

/** A copy of a recording to damage. @returns path of its day folder */
export async function copyRecording(t: Test, root: string, name: string): Promise<string> {
  const copy = inTestFolder(t, name.replaceAll(' ', '_'));
  await cp(root, copy, { recursive: true });
  return path.join(copy, FOLDER);
}

/** Overwrites bytes of a file. */
export async function overwrite(file: string, position: number, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, position);
  await handle.close();
}

/** Byte offset of what stands n bytes behind the nth text in a file. */
export async function placeOf(file: string, text: string, after: number): Promise<number> {
  const at = (await readFile(file)).indexOf(text, 0, 'latin1');
  if (at < 0) throw new Error(`no ${text} in ${file}`);
  return at + after;
}
