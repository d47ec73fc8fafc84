import { copyFile, type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { REPAIR_SUFFIX } from '../layout/file-names.ts';
import { wallClockSpan } from '../media/wall-clock-span.ts';
import type { SegmentInspection } from '../verification/segment-inspection.ts';
import { replaceMended, setAside } from './set-aside.ts';

/** Start and duration of a segment, ticks. */
export interface SegmentTimes {
  startTicks: number;
  durationTicks: number;
}

/**
 * Repairs a segment file: truncates it after its last complete chunk before the damage, and
 * corrects the times of its chunks to those on which manifest and durations agree. The original
 * file is kept.
 * @param listed its entry in the manifest, if there is one
 * @param timescale ticks per second
 * @returns what was done; undefined if there was nothing to do
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
  if (chunks.length === 0) return `no usable content: kept as ${await setAside(folder, name)}`;
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
  const what = isMoved ? 'times corrected' : `cut to its ${chunks.length} complete chunks`;
  return `${what}; old file kept as ${aside}`;
}

/** Corrects the end of the media in the head of a file. */
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
