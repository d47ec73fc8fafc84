import { copyFile, type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { REPAIR_SUFFIX } from '../layout/file-names.ts';
import { wallClockSpan } from '../media/wall-clock-span.ts';
import type { SegmentInspection } from '../verification/segment-inspection.ts';
import { replaceMended, setAside } from './set-aside.ts';

/** When a segment begins and how long it lasts, ticks. */
export interface SegmentTimes {
  startTicks: number;
  durationTicks: number;
}

/**
 * Mends what can be mended in one segment file: cuts it to its last whole chunk before the damage, and
 * puts its chunks back to the times that manifest and durations agree on. The file as it was is kept.
 * @param listed what the manifest says of it, where it names it
 * @param timescale ticks a second
 * @returns what was done; undefined where there was nothing to do
 * @throws the file system's error
 */
export async function repairSegment(
  folder: string,
  name: string,
  inspection: SegmentInspection,
  listed: SegmentTimes | undefined,
  timescale: number,
): Promise<string | undefined> {
  const { container, chunks, torn, validLength, duration } = inspection;
  if (chunks.length === 0) return `holds nothing: kept as ${await setAside(folder, name)}`;
  const isMoved =
    listed !== undefined &&
    duration === listed.durationTicks &&
    (inspection.startTime !== listed.startTicks || inspection.disjoint !== undefined);
  if (torn === undefined && !isMoved) return undefined;
  const mended = path.join(folder, name + REPAIR_SUFFIX);
  await copyFile(path.join(folder, name), mended);
  const handle = await open(mended, 'r+');
  try {
    await handle.truncate(validLength);
    let time = listed?.startTicks ?? 0;
    for (const chunk of isMoved ? chunks : []) {
      const bytes = container.baseTime(time);
      await handle.write(bytes, 0, bytes.length, chunk.baseTimeOffset);
      time += chunk.duration;
    }
    if (torn !== undefined) await shortenReferenceTimes(handle, inspection, timescale);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  const aside = await replaceMended(folder, name);
  const what = isMoved ? 'moved to its place in time' : `cut to its ${chunks.length} whole chunks`;
  return `${what}; as it was: ${aside}`;
}

/** Lets the head of a file tell where its media ends now. */
async function shortenReferenceTimes(
  handle: FileHandle,
  { container, startTime, duration }: SegmentInspection,
  timescale: number,
): Promise<void> {
  const head = Buffer.alloc(container.headBytes);
  await handle.read(head, 0, head.length, 0);
  const told = container.readHead(head, timescale).times;
  if (told === undefined) return;
  const span = wallClockSpan(told, startTime, startTime + duration, timescale);
  const bytes = container.headTimes(span);
  await handle.write(bytes, 0, bytes.length, 0);
}
