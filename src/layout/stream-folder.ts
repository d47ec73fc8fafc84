import { createHash } from 'node:crypto';
import { dayPath, isDayFolder, isYear } from './day-path.ts';
import { NameError } from './name-error.ts';
import { folderOf, objectPath } from './object-path.ts';

/**
 * Maximum length of a path part, bytes; file systems allow 255, of which the rest is left for
 * suffixes.
 */
const LONGEST_PART = 200;
const READABLE_PREFIX = 150;
/** Names that no stream may have, because `/api/record/` has routes with these names. */
export const RESERVED_IDS: ReadonlySet<string> = new Set(['segments', 'object']);
/** Device names that Windows file systems (and SMB shares) refuse, with or without an extension. */
const DEVICE_NAMES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/**
 * The folder name of a stream: a path part that cannot leave the root, is not hidden, and differs
 * between ids. Percent-encodes all bytes outside `A-Za-z0-9._-`, a leading or trailing dot and
 * device names; an id longer than 200 bytes keeps a readable beginning and ends in `%~` (which no
 * encoded id contains) and a hash.
 * @throws NameError for an id that is empty, reserved, has control characters or is not well-formed
 * Unicode
 */
export function streamFolder(id: string): string {
  if (id === '') throw new NameError('stream: must not be empty');
  if (!id.isWellFormed()) throw new NameError('stream: must be well-formed Unicode');
  if (hasControlCharacter(id)) {
    throw new NameError('stream: must not contain control characters');
  }
  if (RESERVED_IDS.has(id)) {
    throw new NameError(`stream: "${id}" is reserved, choose another name`);
  }
  return pathPart(id);
}

/**
 * Maximum number of parts of a base directory; recordings are not searched for at a greater depth.
 */
const MOST_BASE_PARTS = 12;

/**
 * A caller's base directory as path parts below the storage root, encoded like stream ids.
 *
 * The folder of the year follows base directory and stream, as for every stream. No other part of
 * the path may look like a year, so that nobody can write to the present or future day folders of
 * another stream: the part before the year is always the stream.
 * @param stream id of the stream
 * @throws NameError for a part that is `.`, `..`, not well-formed or looks like a year, for too
 * many parts, and for a stream whose id looks like a year
 */
export function baseFolder(baseDir: string, stream: string): string {
  const parts = baseDir.split('/').filter((part) => part !== '');
  for (const part of parts) {
    if (part === '.' || part === '..') {
      throw new NameError('base_dir: must not contain "." or ".." as a path part');
    }
    if (!part.isWellFormed() || hasControlCharacter(part)) {
      throw new NameError('base_dir: must be well-formed text without control characters');
    }
    if (isYear(part)) {
      throw new NameError(
        `base_dir: "${part}" would be taken for the year of a recording, write it otherwise, e.g. "y${part}"`,
      );
    }
  }
  if (parts.length > MOST_BASE_PARTS) {
    throw new NameError(`base_dir: must not have more than ${MOST_BASE_PARTS} path parts`);
  }
  if (parts.length > 0 && isYear(stream)) {
    throw new NameError(
      `base_dir: the stream "${stream}" would be taken for the year of a recording there; leave base_dir out`,
    );
  }
  return parts.map(pathPart).join('/');
}

/**
 * Object path of a stream's day folder, without a trailing slash: `[<base>/]<stream>/YYYY/MM/DD`.
 * @param us an instant of the UTC day, µs since the Unix epoch
 */
export function dayFolder(stream: string, us: number, base = ''): string {
  return objectPath(base, `${streamFolder(stream)}/${dayPath(us)}`);
}

/** True for the object path of a file in a day folder of the stream. */
export function isOfStream(path: string, stream: string): boolean {
  const folder = folderOf(path);
  return isDayFolder(folder) && folder.split('/').at(-4) === streamFolder(stream);
}

/**
 * The stream of a day folder, as far as its path shows: the folder name of a very long id ends in a
 * hash.
 * @param folder object path
 */
export function streamOfFolder(folder: string): string {
  const encoded = folder.split('/').at(-4) ?? '';
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function pathPart(text: string): string {
  let part = '';
  for (const byte of Buffer.from(text, 'utf8'))
    part += isPlain(byte) ? String.fromCharCode(byte) : encodedByte(byte);
  if (part.startsWith('.') || DEVICE_NAMES.test(part))
    part = encodedByte(part.charCodeAt(0)) + part.slice(1);
  if (part.endsWith('.')) part = `${part.slice(0, -1)}%2E`;
  if (part.length <= LONGEST_PART) return part;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 40);
  return `${part.slice(0, READABLE_PREFIX).replace(/%.?$/, '')}%~${hash}`;
}

function isPlain(byte: number): boolean {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9._-]/.test(character);
}

function encodedByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function hasControlCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
