/*
 * Where a name becomes a path: this folder, and nowhere else.
 *
 * Everything recorded has an object path below the storage root, `[<base>/]<stream>/YYYY/MM/DD/<file>`.
 * It is the same in the file system, as a key in a store and in an address, so its parts are the only
 * thing to get right. Why no name leads anywhere else:
 *
 * 1. What others choose, the id of a stream and a base directory, becomes path parts in one function
 *    (`pathPart` in `stream-folder.ts`), which leaves no byte but `A-Za-z0-9._-` as it is and no dot at
 *    either end: no separator, no `.` or `..`, nothing hidden, no device of Windows. So it stays below
 *    the root, in every file system and store.
 * 2. No two ids share a part: `%` is itself encoded, so each part decodes to one id, and the hash of a
 *    long one follows `%~`, which no encoding contains. (Where a file system takes no notice of case,
 *    `Cam` and `cam` do share a folder: segments are safe, since their names are claimed, but the two
 *    replace each other's manifest.)
 * 3. No stream gets into the day folders of another one: the part before the year is always the stream,
 *    because no part of a base directory, and no stream below one, may look like a year.
 * 4. The rest is ours: days (`day-path.ts`), file names made of kind, number and extension
 *    (`file-names.ts`), and the folder `.index` (`own-folder.ts`), whose dot no stream can have.
 * 5. An object path that comes from outside is not made into one but has to be one
 *    ({@link objectPathFault}), and requests see neither what is hidden nor what is unfinished.
 */

import { join } from 'node:path';
import { Refusal } from '../refusal.ts';
import { isHidden, isUnfinished } from './file-names.ts';
import { NameError } from './name-error.ts';

/** The object path of a file in a folder. @param folder object path; empty for the root itself */
export function objectPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The folder of an object path; empty for the root itself. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last part of an object path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * The path of an object in the file system.
 * @param root storage root, a path in the file system
 * @param path object path that was built here, or has no {@link objectPathFault}
 */
export function filePath(root: string, path: string): string {
  return join(root, path);
}

/**
 * Why a text is not an object path, which must mean the same in every store: no part may be empty,
 * `.` or `..`, which HTTP clients and file systems resolve, and there may be no control characters,
 * which XML cannot represent.
 * @returns a predicate, such as `has control characters`; undefined for an object path
 */
export function objectPathFault(path: string): string | undefined {
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'has an empty, "." or ".." part';
  }
  if (/\p{Cc}/u.test(path)) return 'has control characters';
  if (!path.isWellFormed()) return 'is not well-formed Unicode';
  return undefined;
}

/**
 * Validates the object path in a request.
 * @param path percent-decoded once; it may contain literal `%`, because folder names of streams do
 * @returns the path unchanged
 * @throws NameError if it is not an object path; Refusal `no-such-object` if it may not be read
 */
export function readableObjectPath(path: string): string {
  if (path === '') throw new NameError('path: must not be empty');
  if (/[\\\p{Cc}]/u.test(path)) {
    throw new NameError('path: must not contain backslashes or control characters');
  }
  if (!path.isWellFormed()) throw new NameError('path: must be well-formed Unicode');
  if (objectPathFault(path) !== undefined) {
    throw new NameError('path: must not contain empty, "." or ".." parts');
  }
  // The recorder's own files are in hidden folders.
  if (path.split('/').some(isHidden) || isUnfinished(path)) {
    throw new Refusal('no-such-object', 'no such object');
  }
  return path;
}
