import { join } from 'node:path';

/**
 * Folder in a storage root for files that are not recordings. No stream's folder begins with a dot.
 */
const OWN_FOLDER = '.index';

/**
 * Path in the file system of one of the recorder's own files or folders in a storage root.
 * @param names empty for the folder that contains all of them
 */
export function ownPath(root: string, ...names: string[]): string {
  return join(root, OWN_FOLDER, ...names);
}
