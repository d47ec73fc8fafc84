import { text } from 'node:stream/consumers';
import { type Clock, systemClock } from '../clock/clock.ts';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { folderOf, nameOf, objectPath } from '../layout/object-path.ts';
import { ObjectRole, objectRole } from '../layout/object-role.ts';
import { DeletedFiles } from '../manifest/deleted-files.ts';
import { periodsMissing, withPeriods } from '../manifest/merge.ts';
import { UTC_TIMING_URL, writeMpd } from '../manifest/mpd.ts';
import { readMpd } from '../manifest/mpd-reader.ts';
import type { ManifestPeriod, Presentation } from '../manifest/presentation.ts';
import type { SpoolStore } from '../storage/spool/timed-put.ts';
import type { PutOnce } from '../storage/stores/put-once.ts';
import { type PutOptions, type Store, StoreError } from '../storage/stores/store.ts';
import { FolderNumbers } from './folder-numbers.ts';
import type { RecordingLog } from './recording-log.ts';
import type { StoredFolder } from './remote-folder.ts';

/**
 * How long a recording that begins waits for the store, ms: meanwhile its media stays in memory,
 * and the recorder cannot stop.
 */
const PATIENCE_MS = 5_000;
/** How long a store that did not respond is not asked again, ms. */
const AWAY_MS = 30_000;
/** Number of folders whose state is remembered; for others, the manifest is read again. */
const MOST_FOLDERS = 10_000;

/** What a manifest in the store has and ours lacks. */
interface Missing {
  periods: ManifestPeriod[];
  /** Files that were deleted, whether ours knows of them or not. */
  deleted: DeletedFiles | undefined;
}

/**
 * Day folders in a store: reads what is there before a folder is written to, and uploads files
 * without losing any of it.
 *
 * A manifest is replaced repeatedly, and one that was begun here may lack what the store has: after
 * the spool was wiped, on another machine, or when the store was unavailable. So before the first
 * manifest of a folder is uploaded, the one in the store is read, and the Periods and deleted files
 * that ours lacks are added. All other files are put once and never replaced (see {@link PutOnce}).
 */
export class StoredFolders implements SpoolStore {
  readonly #store: Store;
  readonly #once: PutOnce;
  readonly #log: RecordingLog;
  readonly #clock: Clock;
  /** What the store's manifest has and ours lacks, by folder; usually nothing. */
  readonly #missing = new Map<string, Missing | undefined>();
  #askAgainMs = 0;

  constructor(store: Store, once: PutOnce, log: RecordingLog, clock: Clock = systemClock) {
    this.#store = store;
    this.#once = once;
    this.#log = log;
    this.#clock = clock;
  }

  /** See {@link import('./remote-folder.ts').RemoteFolders.stored}. Never rejects. */
  async stored(folder: string, hasManifest: boolean): Promise<StoredFolder | undefined> {
    if (this.#clock.now() < this.#askAgainMs) return undefined;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#clock.after(PATIENCE_MS, () =>
      reject(new Error(`no answer within ${PATIENCE_MS} ms`)),
    );
    const asked = this.#ask(folder, hasManifest);
    // A failure after the timeout has no effect.
    asked.catch(() => undefined);
    try {
      const found = await Promise.race([asked, late]);
      if (found.manifest !== undefined && !isReadable(found.manifest)) {
        this.#log.error({ folder }, 'the store has a manifest that this recorder did not write');
        return { ...found, manifest: undefined };
      }
      // The presentation will include the result, so its manifest lacks nothing.
      this.#remember(folder, undefined);
      return found;
    } catch (err) {
      this.#askAgainMs = this.#clock.now() + AWAY_MS;
      const { code, message: reason } = err as { code?: string; message: string };
      this.#log.warn({ folder, code, reason }, 'the store does not list a folder');
      return undefined;
    } finally {
      cancel();
    }
  }

  /** Uploads a file of a day folder. @throws StoreError */
  async put(key: string, data: Buffer, options: PutOptions): Promise<void> {
    if (objectRole(nameOf(key)) !== ObjectRole.manifest) {
      await this.#once.put(key, data, options);
      return;
    }
    const missing = await this.#missingIn(key, data);
    await this.#store.put(key, missing === undefined ? data : completed(data, missing), options);
  }

  async #ask(folder: string, hasManifest: boolean): Promise<StoredFolder> {
    const numbers = new FolderNumbers();
    const manifest = await this.#read(objectPath(folder, MANIFEST_NAME));
    // As long as the manifest is here, so is every file that it does not name yet.
    if (!hasManifest || (manifest !== undefined && !isReadable(manifest))) {
      for await (const { key } of this.#store.list(`${folder}/`)) numbers.addName(nameOf(key));
    }
    return { manifest, numbers };
  }

  async #missingIn(key: string, data: Buffer): Promise<Missing | undefined> {
    const folder = folderOf(key);
    if (this.#missing.has(folder)) return this.#missing.get(folder);
    const stored = await this.#read(key);
    const missing = stored === undefined ? undefined : missingOf(key, stored, data.toString());
    if (missing !== undefined) {
      const periods = missing.periods.length;
      this.#log.info({ folder, periods }, 'the manifest continues the one in the store');
    }
    this.#remember(folder, missing);
    return missing;
  }

  async #read(key: string): Promise<string | undefined> {
    const reading = await this.#store.get(key);
    return reading && text(reading.body);
  }

  #remember(folder: string, missing: Missing | undefined): void {
    if (this.#missing.size >= MOST_FOLDERS) {
      this.#missing.delete(this.#missing.keys().next().value!);
    }
    this.#missing.set(folder, missing);
  }
}

/** With the numbers of deleted files of both: none of them may be used again. */
function withDeleted(presentation: Presentation, { deleted }: Missing): Presentation {
  const both = new DeletedFiles();
  for (const each of [presentation.deleted, deleted]) if (each !== undefined) both.add(each);
  return both.toXml() === '' ? presentation : { ...presentation, deleted: both };
}

function isReadable(manifest: string): boolean {
  try {
    readMpd(manifest);
    return true;
  } catch {
    return false;
  }
}

/** @returns undefined if ours lacks nothing */
function missingOf(key: string, stored: string, ours: string): Missing | undefined {
  if (stored === ours) return undefined;
  try {
    const theirs = readMpd(stored);
    const own = readMpd(ours);
    const missing = { periods: periodsMissing(theirs, own), deleted: theirs.deleted };
    const isDeletionKnown = withDeleted(own, missing).deleted?.toXml() === own.deleted?.toXml();
    return missing.periods.length === 0 && isDeletionKnown ? undefined : missing;
  } catch (error) {
    // Whatever it is, it must not be destroyed.
    throw new StoreError(`${key}: what the store has of this name ${(error as Error).message}`, {
      kind: 'exists',
      code: 'ForeignManifest',
    });
  }
}

function completed(data: Buffer, missing: Missing): Buffer {
  const presentation = withPeriods(withDeleted(readMpd(data.toString()), missing), missing.periods);
  return Buffer.from(
    writeMpd(presentation, { nowUs: steadyNowUs(), utcTimingUrl: UTC_TIMING_URL }),
  );
}
