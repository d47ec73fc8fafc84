import type { TrackKind } from '../media/access-unit.ts';
import { CONTAINER_FILES, CONTAINER_NAMES, type ContainerName } from '../media/container-name.ts';

/** Name of the manifest in each day folder. */
export const MANIFEST_NAME = 'manifest.mpd';

/** Suffix of files that are being written; they are never served or listed. */
export const PART_SUFFIX = '.part';
/** Suffix of an uploaded manifest while it is checked that there is no newer one. */
export const SENT_SUFFIX = '.sent';
/** Suffix of a file that a repair is writing. */
export const REPAIR_SUFFIX = '.repair';

/** Whether a file is being written, or was when its writer died. */
export function isUnfinished(name: string): boolean {
  return name.endsWith(PART_SUFFIX);
}

/**
 * Whether a file or folder is not part of the recordings, but the recorder's own (see
 * `own-folder.ts`) or the system's.
 */
export function isHidden(name: string): boolean {
  return name.startsWith('.');
}

const PREFIX: Record<TrackKind, string> = { video: '', audio: 'audio_' };
const BY_EXTENSION = new Map<string, ContainerName>(
  CONTAINER_NAMES.map((name) => [CONTAINER_FILES[name].extension, name]),
);
const PATTERN =
  /^(?<name>(?<audio>audio_)?(?<type>seg|init)(?:_(?<number>\d+))?\.(?<extension>\w+))(?<part>\.part)?$/;

const ASIDE_PATTERN = /\.damaged(-\d+)?$/;

/**
 * Name under which a repair keeps an unreadable file.
 * @param count number of existing files with such a name
 */
export function asideName(file: string, count: number): string {
  return `${file}.damaged${count === 0 ? '' : `-${count + 1}`}`;
}

/** Whether a repair has kept the file under this name. */
export function isSetAside(file: string): boolean {
  return ASIDE_PATTERN.test(file);
}

/** The original name of a file that a repair has set aside. */
export function withoutAside(file: string): string {
  return file.replace(ASIDE_PATTERN, '');
}

/** A media file of a day folder, according to its name. */
export interface FolderFile {
  /** Name without the suffix of a file that is being written. */
  name: string;
  kind: TrackKind;
  container: ContainerName;
  type: 'seg' | 'init';
  number: number;
  /** True while it is being written, or if it was when the recorder died. */
  isPart: boolean;
}

/** `seg_0001.m4s`, `audio_seg_0001.m4s`; after 9999 the number grows. */
export function segmentName(kind: TrackKind, number: number, container: ContainerName): string {
  const digits = String(number).padStart(4, '0');
  return `${PREFIX[kind]}seg_${digits}.${CONTAINER_FILES[container].extension}`;
}

/** The pattern for all numbers: `seg_$Number%04d$.m4s` (ISO/IEC 23009-1 §5.3.9.4.4). */
export function segmentTemplate(kind: TrackKind, container: ContainerName): string {
  return `${PREFIX[kind]}seg_$Number%04d$.${CONTAINER_FILES[container].extension}`;
}

/** `init.m4s` for number 1, then `init_2.m4s`; likewise `audio_init.m4s`. */
export function initializationName(
  kind: TrackKind,
  number: number,
  container: ContainerName,
): string {
  const digits = number === 1 ? '' : `_${number}`;
  return `${PREFIX[kind]}init${digits}.${CONTAINER_FILES[container].extension}`;
}

/** Parses a file name; undefined if it is not one of our media files. */
export function parseFileName(file: string): FolderFile | undefined {
  const groups = PATTERN.exec(file)?.groups;
  if (groups === undefined) return undefined;
  const container = BY_EXTENSION.get(groups.extension!);
  if (container === undefined) return undefined;
  const type = groups.type as 'seg' | 'init';
  if (type === 'seg' && groups.number === undefined) return undefined;
  return {
    name: groups.name!,
    kind: groups.audio === undefined ? 'video' : 'audio',
    container,
    type,
    number: Number(groups.number ?? 1),
    isPart: groups.part !== undefined,
  };
}
