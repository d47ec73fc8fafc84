import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isDayFolder } from '../layout/day-path.ts';
import { isHidden, MANIFEST_NAME, parseFileName } from '../layout/file-names.ts';

/**
 * Finds the day folders at or below a path, in the order of their names. A folder with another name
 * counts too if it contains recorded files, for example a copy. Hidden folders are skipped.
 * @param start path in the file system: a day folder, a stream's folder, a storage root
 * @throws the file system's error
 */
export async function* recordingFolders(start: string): AsyncGenerator<string> {
  const entries = await readdir(start, { withFileTypes: true });
  const isRecording =
    isDayFolder(path.resolve(start)) ||
    entries.some(({ name }) => name === MANIFEST_NAME || parseFileName(name) !== undefined);
  if (isRecording) {
    yield start;
    return;
  }
  const folders = entries
    .filter((entry) => entry.isDirectory() && !isHidden(entry.name))
    .map(({ name }) => name);
  for (const name of folders.sort()) yield* recordingFolders(path.join(start, name));
}
