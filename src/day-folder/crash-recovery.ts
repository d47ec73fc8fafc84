import { opendir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FactListener } from '../facts/recording-fact.ts';
import { absent } from '../files/absent.ts';
import { DAY_US, dayStartUs } from '../layout/day.ts';
import { dayPath, isYear } from '../layout/day-path.ts';
import { isHidden, MANIFEST_NAME, parseFileName } from '../layout/file-names.ts';
import { filePath, objectPath } from '../layout/object-path.ts';
import { streamOfFolder } from '../layout/stream-folder.ts';
import { restoreSent } from '../storage/spool/local-file.ts';
import { FolderInUseError, type FolderOwners } from './folder-owners.ts';
import type { ForgottenSegments, SegmentNumbers } from './forgotten-segments.ts';
import { PresentationFolder } from './presentation-folder.ts';
import type { RecordingLog } from './recording-log.ts';
import type { RemoteFolders } from './remote-folder.ts';
import type { Closable } from './unclosed-folders.ts';

/** Folders left open are found even after a downtime of almost a week. */
const DAYS_BACK = 7;
/**
 * A segment that entered the index later than this after it was recorded was delayed by more than a
 * crash, µs.
 */
const JUST_US = 60_000_000;
/** Maximum depth of base directory and stream above the year. */
const DEEPEST = 16;

/** Options of the recovery. */
export interface CrashRecoveryOptions {
  /** Storage root, a path in the file system. */
  root: string;
  /** The stream of a folder, if the index knows it. */
  streamOf(folder: string): string | undefined;
  /** µs since the Unix epoch. */
  nowUs: number;
  /** True for the object path of a segment that is in the index. */
  isKnown(path: string): boolean;
  /** When the index last received a segment, µs since the Unix epoch. */
  indexedUs: number;
  /** Receives every recovered segment, whether or not it is in the index, and each manifest. */
  onFact: FactListener;
  /**
   * Called for each folder that could not be closed. `dayUs` is an instant of its day, µs since the
   * Unix epoch.
   */
  onUnclosed?(stream: string, folder: string, dayUs: number): void;
  /** Present if files are moved from this disk to a store. */
  remote?: RemoteFolders;
  /**
   * Keeps recorders that share the root out of each other's folders; absent if there can be no
   * other.
   */
  owners?: FolderOwners;
  log: Pick<RecordingLog, 'info' | 'error'>;
}

/**
 * Closes what a crashed recorder left open on the preceding days: recovers part files and segments
 * that are missing from the manifest, and makes the manifests static. Call it before any recording.
 * @returns object paths of the recovered folders
 */
export async function recoverAfterCrash(options: CrashRecoveryOptions): Promise<string[]> {
  const mended: string[] = [];
  for await (const { folder, dayUs } of recentDays(options.root, '', options.nowUs, 0)) {
    if (options.remote) await restoreManifest(filePath(options.root, folder));
    if ((await closeAbandoned(folder, dayUs, options)) === 'mended') mended.push(folder);
  }
  return mended;
}

/**
 * Closes a day folder to which nobody writes any more, if it was left open. A folder that cannot be
 * closed is logged and stays as it is, see {@link CrashRecoveryOptions.onUnclosed}.
 * @param dayUs any instant of its UTC day, µs since the Unix epoch
 */
export async function closeAbandoned(
  folder: string,
  dayUs: number,
  options: CrashRecoveryOptions,
): Promise<'mended' | 'closed' | 'unclosed'> {
  const { root, streamOf, log } = options;
  const stream = streamOf(folder) ?? streamOfFolder(folder);
  try {
    const state = await stateOf(filePath(root, folder), options.indexedUs);
    if (state === 'closed') return 'closed';
    await new AbandonedFolder(folder, dayUs, { ...options, stream }).close();
    if (state === 'just closed') return 'closed';
    log.info({ stream, folder }, 'closed a recording that a crash had left open');
    return 'mended';
  } catch (err) {
    if (err instanceof FolderInUseError) {
      log.info({ stream, folder, reason: err.message }, 'left to the recorder that writes to it');
      return 'closed';
    }
    log.error({ stream, folder, err }, 'a recording that a crash had left open cannot be closed');
    options.onUnclosed?.(stream, folder, dayUs);
    return 'unclosed';
  }
}

/** Options of an {@link AbandonedFolder}. */
export type AbandonedFolderOptions = { stream: string } & Pick<
  CrashRecoveryOptions,
  'root' | 'nowUs' | 'isKnown' | 'onFact' | 'remote' | 'owners'
>;

/** A day folder whose recorder has ended. */
export class AbandonedFolder implements Closable {
  readonly path: string;
  readonly #folder: PresentationFolder;
  readonly #isKnown: (path: string) => boolean;
  readonly #isRemote: boolean;
  /** Its path in the file system. */
  readonly #files: string;

  /** @param dayUs any instant of its UTC day, µs since the Unix epoch */
  constructor(folder: string, dayUs: number, options: AbandonedFolderOptions) {
    const { root, stream, nowUs, isKnown, onFact, remote, owners } = options;
    this.path = folder;
    this.#isKnown = isKnown;
    this.#isRemote = remote !== undefined;
    this.#files = filePath(root, folder);
    this.#folder = new PresentationFolder({
      root,
      folder,
      stream,
      dayUs,
      segmentSeconds: 1,
      now: () => nowUs,
      onFact,
      ...(remote && { remote }),
      ...(owners && { owners }),
    });
  }

  /**
   * Recovers its content and makes the manifest static. May be called again after a failure.
   * @throws the file system's error; ManifestError for a manifest that we did not write
   */
  async close(): Promise<void> {
    await this.#folder.close();
    await this.#folder.announceUntold(this.#isKnown);
  }

  /** See {@link PresentationFolder.forget}; where the folder does not exist, there is nothing to do. */
  async forget(numbers: SegmentNumbers): Promise<ForgottenSegments> {
    const isThere = this.#isRemote || (await stat(this.#files).catch(absent)) !== undefined;
    return isThere ? this.#folder.forgetClosed(numbers) : { isEmpty: true, initializations: [] };
  }
}

/** Day folders of the last days, at any depth below the root. */
async function* recentDays(
  root: string,
  below: string,
  nowUs: number,
  depth: number,
): AsyncGenerator<{ folder: string; dayUs: number }> {
  if (depth > DEEPEST) return;
  for await (const entry of await opendir(filePath(root, below))) {
    if (!entry.isDirectory() || isHidden(entry.name)) continue;
    const inside = objectPath(below, entry.name);
    // At the top level, even a name like a year is a stream or a base directory.
    const isDated = depth > 0 && isYear(entry.name);
    for (let day = 0; isDated && day < DAYS_BACK; day++) {
      const dayUs = dayStartUs(nowUs) - day * DAY_US;
      const folder = objectPath(below, dayPath(dayUs));
      if (folder.startsWith(`${inside}/`)) yield { folder, dayUs };
    }
    if (!isDated) yield* recentDays(root, inside, nowUs, depth + 1);
  }
}

/** Restores the name of a manifest that a spool had renamed for deletion when it died. */
async function restoreManifest(folder: string): Promise<void> {
  await restoreSent(path.join(folder, MANIFEST_NAME)).catch(absent);
}

/** How the recorder left the folder: `just closed` if the index may not have received its end. */
async function stateOf(
  folder: string,
  indexedUs: number,
): Promise<'open' | 'just closed' | 'closed'> {
  const files = (await readdir(folder).catch(absent)) ?? [];
  const media = files.map(parseFileName).filter((file) => file !== undefined);
  if (media.some(({ isPart }) => isPart)) return 'open';
  if (!files.includes(MANIFEST_NAME)) return media.length > 0 ? 'open' : 'closed';
  const file = path.join(folder, MANIFEST_NAME);
  if ((await readFile(file, 'utf8')).includes('type="dynamic"')) return 'open';
  const { mtimeMs } = await stat(file);
  return mtimeMs * 1000 > indexedUs - JUST_US ? 'just closed' : 'closed';
}
