import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { freeSpace } from '../files/free-space.ts';
import { makeWritable } from '../files/writable-folder.ts';
import { type CheckResult, problem } from './result.ts';

/** Size of each write, bytes: about a second of a stream of 2.5 Mbit/s. */
const WRITE_BYTES = 320 * 1024;
/** Writing ends after this time or number of bytes. */
const LONGEST_MS = 1500;
const MOST_BYTES = 256 * 1024 * 1024;
/** Share of free space below which the recorder warns, percent. */
const LITTLE_PERCENT = 10;
/** A write that takes longer than this to become durable delays the end of segments, ms. */
const SLOW_MS = 500;

/** What a disk can do. */
export interface DiskSpeed {
  /** Bytes a second that become durable, written one second of media at a time. */
  bytesPerSecond: number;
  /** Duration of the slowest of 20 writes (95 %), until it is durable, ms. */
  durableMs: number;
}

/**
 * Checks the folder that is recorded to: that it can be written, its free space, and how fast it is.
 * @param setting name of its key in live777.toml
 */
export async function checkDisk(
  folder: string,
  setting: string,
): Promise<{ result: CheckResult; speed?: DiskSpeed; freeBytes?: number }> {
  const name = 'disk';
  try {
    await makeWritable(folder, setting, { warn() {} });
    const { freeBytes, totalBytes } = await freeSpace(folder);
    const speed = await measureDisk(folder, Math.min(MOST_BYTES, freeBytes / 4));
    const percent = Math.round((freeBytes / totalBytes) * 100);
    const megabytes = Math.round(speed.bytesPerSecond / 1e6);
    const slowMs = Math.round(speed.durableMs);
    const message = `${folder}: ${(freeBytes / 1e9).toFixed(1)} GB free (${percent} %), ${megabytes} MB/s, ${slowMs} ms until a write is durable`;
    const figures = {
      free_bytes: freeBytes,
      total_bytes: totalBytes,
      bytes_per_second: Math.round(speed.bytesPerSecond),
      durable_ms: slowMs,
    };
    const mend =
      percent < LITTLE_PERCENT
        ? '; free some space'
        : slowMs > SLOW_MS
          ? '; use a faster disk, or record fewer streams'
          : '';
    const result: CheckResult = {
      name,
      state: mend === '' ? 'ok' : 'warning',
      message: `${message}${mend}`,
      figures,
    };
    return { result, speed, freeBytes };
  } catch (error) {
    return { result: problem(name, error) };
  }
}

/** Writes a file as the recorder does, and deletes it. @throws the file system's error */
async function measureDisk(folder: string, mostBytes: number): Promise<DiskSpeed> {
  const file = path.join(folder, `.live777-recorder-check-${randomUUID()}`);
  const data = Buffer.alloc(WRITE_BYTES, 0x5a);
  const durations: number[] = [];
  const handle = await open(file, 'wx');
  try {
    const start = performance.now();
    let now = start;
    do {
      await handle.write(data);
      await handle.datasync();
      const before = now;
      now = performance.now();
      durations.push(now - before);
    } while (now - start < LONGEST_MS && durations.length * WRITE_BYTES < mostBytes);
    durations.sort((a, b) => a - b);
    return {
      bytesPerSecond: (durations.length * WRITE_BYTES * 1000) / (now - start),
      durableMs: durations[Math.floor(durations.length * 0.95)]!,
    };
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}
