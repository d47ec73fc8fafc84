import type { Segment } from '../facts/segment.ts';
import { dayEndUs } from '../layout/day.ts';
import { dayStartOf } from '../layout/day-path.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { folderOf, objectPath } from '../layout/object-path.ts';
import { streamOfFolder } from '../layout/stream-folder.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { RecordingsReader } from '../storage/recordings-reader.ts';
import { type FolderSegments, readFolderSegments } from './folder-segments.ts';
import { lostRecords } from './record-stretches.ts';

/**
 * Number of segments that are added to the index together, so that they share a sync of its
 * journal.
 */
const BATCH = 500;
/**
 * Segments belong to the day in which they start and may end in the next one; µs, far longer than
 * any segment.
 */
const LONGEST_SEGMENT_US = 3_600_000_000;
/** Maximum time between writing a file and adding it to the index, µs. */
const CURSOR_MARGIN_US = 3_600_000_000;

/** Options of an {@link IndexRebuild}. */
export interface IndexRebuildOptions {
  reader: RecordingsReader;
  /** Whether a segment still waits for upload; by default none does. */
  isWaiting?(path: string): boolean;
  index: SegmentIndex;
  catalogue: RecordCatalogue;
  /** The stream of a folder, if it is known otherwise than from the folder's name. */
  streamOf(folder: string): string | undefined;
  /**
   * Segments that ended before this are ignored, because they would be dropped again, µs since the
   * Unix epoch.
   */
  fromUs: number;
  /** Segments that end later are announced by the running recorder, µs since the Unix epoch. */
  untilUs: number;
  /** Maximum pause within a record, µs. */
  graceUs: number;
  /** Whether the catalogue lacks records; otherwise it is not changed. */
  withRecords: boolean;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** The results of a rebuild so far. */
export interface RebuildResult {
  folders: number;
  /** Number of segments that were missing in the index. */
  segments: number;
  /** Number of records that were missing in the catalogue. */
  records: number;
  /** Number of segments without a readable sample. */
  unreadable: number;
}

/**
 * Completes index and catalogue from the recordings, one day folder after the other, beginning with
 * the oldest day. Existing entries are not changed, so that clients do not get them again; new ones
 * get time stamps greater than any before.
 */
export class IndexRebuild {
  readonly result: RebuildResult = { folders: 0, segments: 0, records: 0, unreadable: 0 };
  readonly #options: IndexRebuildOptions;
  /** Day folders that have not been read, the oldest day first. */
  readonly #folders: string[];

  private constructor(options: IndexRebuildOptions, folders: string[]) {
    this.#options = options;
    this.#folders = folders;
  }

  /**
   * Lists the folders, and raises the cursors beyond all that may have been given out. Time stamps
   * are the current time, so now is beyond all of them, unless the clock was set back: then a file
   * of the newest day, or the catalogue, has a time in the future.
   * @throws what the reader throws
   */
  static async begin(options: IndexRebuildOptions): Promise<IndexRebuild> {
    const { reader, index, catalogue, fromUs, now } = options;
    const folders: string[] = [];
    for await (const folder of reader.folders()) {
      if (dayEndOf(folder) + LONGEST_SEGMENT_US > fromUs) folders.push(folder);
    }
    folders.sort((a, b) => dayEndOf(a) - dayEndOf(b) || (a < b ? -1 : 1));
    const nowUs = now();
    const traceUs = Math.max(await newestFileUs(reader, folders), catalogue.lastUpdatedAt);
    const cursorUs = traceUs > nowUs ? traceUs + CURSOR_MARGIN_US : nowUs;
    index.raiseCursor(cursorUs);
    if (options.withRecords) catalogue.raiseCursor(cursorUs);
    return new IndexRebuild(options, folders);
  }

  /**
   * Reads some folders before all others.
   * @param folders object paths; missing folders are ignored
   * @throws what {@link run} throws
   */
  async runFirst(folders: Iterable<string>): Promise<void> {
    for (const folder of folders) {
      const at = this.#folders.indexOf(folder);
      if (at < 0) continue;
      this.#folders.splice(at, 1);
      await this.#takeUp(folder, false);
    }
  }

  /**
   * Reads all remaining folders.
   * @returns false if the signal stopped it
   * @throws what the reader throws; the file system's error if a journal cannot be written
   */
  async run(signal?: AbortSignal): Promise<boolean> {
    for (let folder = this.#folders.shift(); folder !== undefined; folder = this.#folders.shift()) {
      if (signal?.aborted) return false;
      await this.#takeUp(folder, true, signal);
    }
    return !signal?.aborted;
  }

  async #takeUp(folder: string, withRecords: boolean, signal?: AbortSignal): Promise<void> {
    const { reader, index, log } = this.#options;
    const stream = this.#options.streamOf(folder) ?? streamOfFolder(folder);
    const isMissing = (path: string) => !index.has(path);
    const found = await readFolderSegments(reader, folder, stream, isMissing, signal);
    if (signal?.aborted) return;
    if (found.leaving.length > 0) {
      const createdAt = this.#options.now();
      const reason = 'interrupted' as const;
      const remembered = new Set(index.leaving.all().map(({ segment }) => folderOf(segment.path)));
      const leaving = found.leaving.filter(({ size }) => size > 0 || !remembered.has(folder));
      await index.leave(leaving.map((segment) => ({ createdAt, segment, reason })));
    }
    const missing = found.segments.filter((segment) => this.#isMine(segment));
    for (let at = 0; at < missing.length; at += BATCH) {
      await Promise.all(missing.slice(at, at + BATCH).map((segment) => this.#add(segment)));
    }
    if (withRecords && this.#options.withRecords) await this.#completeRecords(folder, stream);
    this.#tellUnreadable(folder, stream, found);
    this.result.folders++;
    this.result.segments += missing.length;
    if (missing.length > 0) {
      log.info(
        { stream, folder, segments: missing.length },
        'added recorded segments to the index',
      );
    }
  }

  async #add(segment: Segment): Promise<void> {
    const { index, isWaiting } = this.#options;
    const isToWait = isWaiting?.(segment.path) ?? false;
    await index.add(segment, !isToWait);
    // The upload may have completed first.
    if (isToWait && !isWaiting?.(segment.path)) index.setUploaded(segment.path);
  }

  #isMine({ endUs }: Segment): boolean {
    return endUs > this.#options.fromUs && endUs <= this.#options.untilUs;
  }

  async #completeRecords(folder: string, stream: string): Promise<void> {
    const { catalogue, index, graceUs } = this.#options;
    const segments = index.segmentsIn(folder).filter((segment) => this.#isMine(segment));
    const known = catalogue.records(stream);
    const path = objectPath(folder, MANIFEST_NAME);
    const lost = lostRecords(stream, path, segments, known, graceUs);
    for (const record of lost) await catalogue.put(record);
    this.result.records += lost.length;
  }

  #tellUnreadable(folder: string, stream: string, { unreadable }: FolderSegments): void {
    this.result.unreadable += unreadable.length;
    if (unreadable.length === 0) return;
    this.#options.log.warn(
      { stream, folder, segments: unreadable.length, first: unreadable[0] },
      'unreadable segments are not in the index; run live777-recorder verify',
    );
  }
}

/** When the files of the newest day were last written, µs since the Unix epoch; 0 without files. */
async function newestFileUs(reader: RecordingsReader, folders: readonly string[]): Promise<number> {
  const newest = folders.at(-1);
  if (newest === undefined) return 0;
  let newestMs = 0;
  for (const folder of folders.filter((other) => dayEndOf(other) === dayEndOf(newest))) {
    for await (const { modifiedMs = 0 } of reader.files(folder)) {
      newestMs = Math.max(newestMs, modifiedMs);
    }
  }
  return Math.ceil(newestMs * 1000);
}

/** End of a day folder's day, µs since the Unix epoch. */
function dayEndOf(folder: string): number {
  return dayEndUs(dayStartOf(folder)!);
}
