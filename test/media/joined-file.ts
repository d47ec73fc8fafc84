import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Joins an initialization segment and its media segments to one file, as a player does in its buffer
 * (ISO/IEC 14496-12 §8.16), lends it out and removes it.
 * @param files paths, the initialization segment first
 */
export async function withJoinedFile<T>(
  files: string[],
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'segments-'));
  try {
    const path = join(folder, 'joined.mp4');
    await writeFile(path, Buffer.concat(await Promise.all(files.map((file) => readFile(file)))));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}
