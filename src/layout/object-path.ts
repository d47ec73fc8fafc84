/*
 * This folder is the only place where a name becomes a path.
 *
 * Every recorded file has an object path below the storage root,
 * `[<base>/]<stream>/YYYY/MM/DD/<file>`. It is the same in the file system, as a key in a store and in
 * a URL, so only its parts need to be safe. Why no name can lead elsewhere:
 *
 * 1. The names that others choose, stream ids and base directories, become path parts in one function
 *    (`pathPart` in `stream-folder.ts`). It encodes every byte except `A-Za-z0-9._-`, and a dot at
 *    either end: the result has no separator, is not `.` or `..`, not hidden, and not a device name of
 *    Windows. So it stays below the root in every file system and store.
 * 2. Different ids have different parts: `%` is itself encoded, so a part decodes to exactly one id,
 *    and the hash of a long id follows `%~`, which no encoding contains. (If a file system ignores
 *    case, `Cam` and `cam` share a folder: their segments are safe, because names are claimed, but
 *    each replaces the manifest of the other.)
 * 3. No stream can write to the day folders of another one: the part before the year is always the
 *    stream, because no part of a base directory, and no stream below one, may look like a year.
 * 4. The other parts are ours: days (`day-path.ts`), file names made of kind, number and extension
 *    (`file-names.ts`), and the folder `.index` (`own-folder.ts`), whose dot no stream's folder has.
 * 5. An object path from a request is never converted: it must be valid as it is
 *    ({@link objectPathFault}), and hidden and unfinished files cannot be read.
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
