import { type FreeSpace, freeSpace } from '../files/free-space.ts';
import { Refusal } from '../refusal.ts';

/** Share of a disk that exports leave free for recordings, at most {@link MOST_MARGIN_BYTES}. */
const MARGIN_SHARE = 0.05;
const MOST_MARGIN_BYTES = 10e9;

/**
 * Refuses what would take the space that recordings need.
 * @param folder on the disk
 * @param bytes that are still to be written
 * @throws Refusal `disk-full` that says what is free; the file system's error
 */
export async function mustLeaveSpace(
  folder: string,
  bytes: number,
  read: (folder: string) => Promise<FreeSpace> = freeSpace,
): Promise<void> {
  const { freeBytes, totalBytes } = await read(folder);
  const margin = Math.min(totalBytes * MARGIN_SHARE, MOST_MARGIN_BYTES);
  if (freeBytes - bytes >= margin) return;
  throw new Refusal(
    'disk-full',
    `the disk has ${inWords(freeBytes)} free, exports need up to ${inWords(bytes)}, and ${inWords(margin)} are left to recordings; remove exports, free some space, or download export.mp4 instead`,
  );
}

function inWords(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
