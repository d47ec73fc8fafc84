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
import { PresentationFolder } from './presentation-folder.ts';
import type { RecordingLog } from './recording-log.ts';
import type { RemoteFolders } from './remote-folder.ts';
import type { Closable } from './unclosed-folders.ts';

/** A recorder that was down for longer finds its open folders all the same, if it was not a week. */
const DAYS_BACK = 7;
/** What the index heard of later than this after it happened was held up for longer than a crash, µs. */
const JUST_US = 60_000_000;
/** Folders of a base directory and a stream above the year: more than anybody nests. */
const DEEPEST = 16;

/** What closing abandoned folders needs. */
export interface CrashRecoveryOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Stream of a folder, where the index knows it. */
  streamOf(folder: string): string | undefined;
  /** µs since the Unix epoch. */
  nowUs: number;
  /** True for the object path of a segment that the index knows. */
  isKnown(path: string): boolean;
  /** When the index heard of anything last, µs since the Unix epoch. */
  indexedUs: number;
  /** Told of every segment that was taken up, known to the index or not, and of each manifest. */
  onFact: FactListener;
  /** Told of each folder that could not be closed, of any instant of its day: µs since the epoch. */
  onUnclosed?(stream: string, folder: string, dayUs: number): void;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
  /** Keeps recorders apart that share the root; absent where there can be no other. */
  owners?: FolderOwners;
  log: Pick<RecordingLog, 'info' | 'error'>;
}

/**
 * Closes what a recorder that died left open in the days before: takes up part files and segments
 * that no manifest names, and makes the manifests static. Must run before anything is recorded.
 * @returns object paths of the folders that were mended
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
 * Closes one day folder that nobody writes to any more, if it was left open. One that cannot be
 * mended is logged and left as it is, see {@link CrashRecoveryOptions.onUnclosed}.
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
      log.info({ stream, folder, reason: err.message }, 'left to the recorder that writes into it');
      return 'closed';
    }
    log.error({ stream, folder, err }, 'a recording that a crash had left open cannot be closed');
    options.onUnclosed?.(stream, folder, dayUs);
    return 'unclosed';
  }
}

/** What an {@link AbandonedFolder} needs. */
export type AbandonedFolderOptions = { stream: string } & Pick<
  CrashRecoveryOptions,
  'root' | 'nowUs' | 'isKnown' | 'onFact' | 'remote' | 'owners'
>;

/** A day folder whose recorder is gone. */
export class AbandonedFolder implements Closable {
  readonly path: string;
  readonly #folder: PresentationFolder;
  readonly #isKnown: (path: string) => boolean;

  /** @param dayUs any instant of its UTC day, µs since the Unix epoch */
  constructor(folder: string, dayUs: number, options: AbandonedFolderOptions) {
    const { root, stream, nowUs, isKnown, onFact, remote, owners } = options;
    this.path = folder;
    this.#isKnown = isKnown;
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
   * Takes up what is in it, and makes the manifest static. May be called again where it failed.
   * @throws the file system's error; ManifestError for a manifest that is not ours
   */
  async close(): Promise<void> {
    await this.#folder.close();
    await this.#folder.announceUntold(this.#isKnown);
  }
}

/** Day folders of the last days, wherever they lie below the root. */
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
    // What lies in the root is a stream or a base directory, also where it looks like a year.
    const isDated = depth > 0 && isYear(entry.name);
    for (let day = 0; isDated && day < DAYS_BACK; day++) {
      const dayUs = dayStartUs(nowUs) - day * DAY_US;
      const folder = objectPath(below, dayPath(dayUs));
      if (folder.startsWith(`${inside}/`)) yield { folder, dayUs };
    }
    if (!isDated) yield* recentDays(root, inside, nowUs, depth + 1);
  }
}

/** Gives a manifest its name back that a spool had taken aside when it died. */
async function restoreManifest(folder: string): Promise<void> {
  await restoreSent(path.join(folder, MANIFEST_NAME)).catch(absent);
}

/**
 * What a recorder that died was doing with a folder: `just closed` where the index may not have heard
 * of its end.
 */
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
