import { join } from 'node:path';

/** In a storage root: what is ours and no recording. Streams have no name that begins with a dot. */
const OWN_FOLDER = '.index';

/**
 * A file or folder of ours in a storage root, a path of the file system.
 * @param names without any it is the folder that holds all of them
 */
export function ownPath(root: string, ...names: string[]): string {
  return join(root, OWN_FOLDER, ...names);
}
