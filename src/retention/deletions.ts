import { setImmediate } from 'node:timers/promises';
import type { DeletionReport } from '../facts/deletion-report.ts';
import type { Segment } from '../facts/segment.ts';
import { dayEndUs } from '../layout/day.ts';
import { dayStartOf } from '../layout/day-path.ts';
import { parseFileName } from '../layout/file-names.ts';
import { folderOf, nameOf } from '../layout/object-path.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { RecordCatalogue } from '../record-catalogue/record-catalogue.ts';
import type { LeavingSegment, SegmentIndex } from '../segment-index/segment-index.ts';
import type { DeletableFiles } from './deletable-files.ts';
import type { Deletion, KeepReason } from './deletion-plan.ts';
import type { EditedFolder, FolderEditor } from './folder-editor.ts';

/** Options of {@link Deletions}. */
export interface DeletionsOptions {
  index: SegmentIndex;
  catalogue: RecordCatalogue;
  editor: FolderEditor;
  files: DeletableFiles;
  keepReason: KeepReason;
  /** Whether any of a stretch of a stream is being read, see `Holds`. */
  isBeingRead(stream: string, startUs: number, endUs: number): boolean;
  now(): number;
  /** How long files stay after the manifest stopped naming them, µs. */
  graceUs(): number;
  /** Called for each stream and reason once the files are gone; after a crash perhaps once more. */
  onDeleted(report: DeletionReport): void;
  /** Resolves when what was reported would survive a crash. Never rejects. */
  reported(): Promise<void>;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/**
 * How long after the end of its day an empty folder stays, µs: its manifest tells which numbers were
 * used, to a recording that begins there late, or after the clock was set back.
 */
const AFTER_DAY_US = 3_600e6;

/** Groups of segments whose rows are written to the journal together. */
const GROUPS_AT_ONCE = 500;

/** Segments of a folder that are deleted together. */
interface Batch extends EditedFolder {
  segments: LeavingSegment[];
  /** When the manifest stopped naming them; undefined before. */
  forgottenUs?: number;
  /** Other files that go with them; see `ForgottenSegments`. */
  initializations: string[];
  isEmpty: boolean;
  /** The files are gone. */
  isGone: boolean;
}

/**
 * Deletes segments, in an order that a crash may interrupt anywhere: the index stops listing them
 * and remembers them; records without media leave the catalogue; the manifest stops naming them;
 * after a while their files are deleted; then the index forgets them. What is half done is found in
 * the index at the next start, and done again from the manifest on.
 */
export class Deletions {
  readonly #options: DeletionsOptions;
  #batches: Batch[] = [];
  /** Object paths of the segments of all batches. */
  readonly #known = new Set<string>();
  /** Batches are being advanced: none may get more segments. */
  #isWorking = false;
  /** Folders whose last attempt failed, so that each failure is told once. */
  readonly #failing = new Set<string>();

  constructor(options: DeletionsOptions) {
    this.#options = options;
    this.#addFound();
  }

  /** What is listed no more and whose files may still be there. */
  get pending(): { segments: number; bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const { segments, isGone } of this.#batches) {
      if (isGone) continue;
      count += segments.length;
      for (const { segment } of segments) bytes += segment.size;
    }
    return { segments: count, bytes };
  }

  /** Begins to delete. @throws the file system's error if the journal cannot be written */
  async begin(deletions: readonly Deletion[]): Promise<void> {
    // Whole groups at a time, so that sound and picture are not torn apart by a crash.
    for (let at = 0; at < deletions.length; at += GROUPS_AT_ONCE) {
      const leaving = deletions
        .slice(at, at + GROUPS_AT_ONCE)
        .flatMap(({ reason, segments }) =>
          segments.map((listed): LeavingSegment => ({ ...listed, reason })),
        );
      const known = leaving.filter(({ segment }) => !this.#options.index.leaving.has(segment.path));
      await this.#options.index.leave(known);
      this.#addBatches(known);
      await setImmediate();
    }
  }

  /** What the index remembers: from before the start, or since it was completed from the files. */
  #addFound(): void {
    const { leaving } = this.#options.index;
    if (leaving.size > this.#known.size) this.#addBatches(leaving.all());
  }

  /** Those of a folder that are to be deleted together become one batch. */
  #addBatches(leaving: readonly LeavingSegment[]): void {
    const unknown = leaving.filter(({ segment }) => !this.#known.has(segment.path));
    for (const { segment } of unknown) this.#known.add(segment.path);
    for (const added of batchesOf(unknown)) {
      const batch = this.#batches.find(
        ({ folder, stream, forgottenUs, isGone }) =>
          folder === added.folder &&
          stream === added.stream &&
          forgottenUs === undefined &&
          !isGone,
      );
      if (batch === undefined || this.#isWorking) this.#batches.push(added);
      else for (const segment of added.segments) batch.segments.push(segment);
    }
  }

  /** Does what can be done now. Failures are logged and tried again by the next call. */
  async work(): Promise<void> {
    this.#addFound();
    this.#isWorking = true;
    const before = this.#batches.filter((batch) => batch.isGone);
    await this.#each((batch) => this.#advance(batch));
    const gone = this.#batches.filter((batch) => batch.isGone && !before.includes(batch));
    // Before the index forgets them: what a crash interrupts is done and told again.
    this.#report(gone.flatMap(({ segments }) => segments));
    if (gone.length > 0) await this.#options.reported();
    await this.#each((batch) => this.#finish(batch));
    this.#isWorking = false;
  }

  async #each(step: (batch: Batch) => Promise<void>): Promise<void> {
    for (const batch of [...this.#batches]) {
      try {
        await step(batch);
      } catch (err) {
        this.#tellFailure(batch, err as Error);
      }
    }
  }

  /** Takes a batch as far as it goes now: until the files are gone. */
  async #advance(batch: Batch): Promise<void> {
    if (batch.isGone) return;
    const { editor, files, now, graceUs } = this.#options;
    if (batch.forgottenUs === undefined) {
      await this.#forgetRecords(batch);
      const { stream, folder, dayUs } = batch;
      const forgotten = await editor.forget({ stream, folder, dayUs, numbers: numbersOf(batch) });
      Object.assign(batch, forgotten);
      batch.forgottenUs = now();
      this.#failing.delete(batch.folder);
    }
    if (now() < batch.forgottenUs + graceUs() || this.#isBeingRead(batch)) return;
    const paths = batch.segments.map(({ segment }) => segment.path);
    const failure = await files.remove(batch.folder, [...paths, ...batch.initializations]);
    if (failure !== undefined) throw failure;
    batch.isGone = true;
  }

  /** Somebody may have begun to read them while their rows were being marked. */
  #isBeingRead({ stream, segments }: Batch): boolean {
    const { startUs, endUs } = spanOf(segments);
    return this.#options.isBeingRead(stream, startUs, endUs);
  }

  /** The files are gone: the index forgets them, and an empty folder is removed after its day. */
  async #finish(batch: Batch): Promise<void> {
    if (!batch.isGone) return;
    const { index, editor, files, now, keepReason } = this.#options;
    const { stream, folder, dayUs, segments } = batch;
    const others = this.#batches.some((other) => other !== batch && other.folder === folder);
    const isUsed = others || index.folders(stream).some((each) => each.folder === folder);
    const dayEnd = dayEndUs(dayUs);
    if (batch.isEmpty && !isUsed && keepReason(stream, dayEnd - 86_400e6, dayEnd) === undefined) {
      const isOver = now() > dayEnd + AFTER_DAY_US;
      const isRemoved = isOver && (await editor.removeFolder({ stream, folder, dayUs }));
      if (!isRemoved) {
        // One of them is enough to remember the folder by; without its size it is not told again.
        const [{ segment, ...listed }, ...others] = segments as [
          LeavingSegment,
          ...LeavingSegment[],
        ];
        const last: LeavingSegment = { ...listed, segment: { ...segment, size: 0 } };
        if (segment.size > 0) await index.leave([last]);
        await this.#gone(others);
        batch.segments = [last];
        this.#failing.delete(folder);
        return;
      }
      const failure = await files.removeRest(folder);
      if (failure !== undefined) throw failure;
    }
    await this.#gone(segments);
    this.#batches.splice(this.#batches.indexOf(batch), 1);
    this.#failing.delete(folder);
  }

  async #gone(segments: readonly LeavingSegment[]): Promise<void> {
    await this.#options.index.gone(segments.map(({ segment }) => segment.path));
    for (const { segment } of segments) this.#known.delete(segment.path);
  }

  /** Records of which nothing is listed any more are no longer shown. */
  async #forgetRecords({ stream, folder, segments }: Batch): Promise<void> {
    const { index, catalogue } = this.#options;
    const { startUs: fromUs, endUs: toUs } = spanOf(segments);
    const forgotten = catalogue.records(stream).filter((record) => {
      const { startUs, endUs, mpdPath, status } = record;
      if (status === 'Active' || endUs === undefined || folderOf(mpdPath) !== folder) return false;
      if (startUs >= toUs || endUs <= fromUs) return false;
      return !index
        .segments({ stream, startUs, endUs, limit: MOST_BESIDE })
        .some(({ path }) => folderOf(path) === folder);
    });
    const keys = forgotten.map(({ recordId: record }) => ({ stream, record }));
    if (keys.length > 0) await catalogue.forget(keys);
  }

  #tellFailure({ stream, folder }: Batch, err: Error): void {
    if (this.#failing.has(folder)) return;
    this.#failing.add(folder);
    const { message: reason } = err;
    this.#options.log.warn(
      { stream, folder, reason },
      'cannot delete recordings yet; trying again',
    );
  }

  #report(done: readonly LeavingSegment[]): void {
    const { onDeleted, log } = this.#options;
    // The others stand for an empty folder.
    const deleted = done.filter(({ segment }) => segment.size > 0);
    for (const [, some] of Map.groupBy(
      deleted,
      (each) => `${each.segment.stream}\0${each.reason}`,
    )) {
      const segments = some.map(({ segment }) => segment);
      const report: DeletionReport = {
        stream: segments[0]!.stream,
        reason: some[0]!.reason,
        ...spanOf(some),
        segments: segments.length,
        bytes: segments.reduce((sum, { size }) => sum + size, 0),
      };
      const { stream, reason, startUs, endUs, bytes } = report;
      const from = new Date(startUs / 1000).toISOString();
      const to = new Date(endUs / 1000).toISOString();
      log.info({ stream, reason, segments: some.length, bytes, from, to }, 'deleted recordings');
      onDeleted(report);
    }
  }
}

/** Segments of other folders that may be recorded at the time of a record. */
const MOST_BESIDE = 1000;

function batchesOf(leaving: readonly LeavingSegment[]): Batch[] {
  const byFolder = Map.groupBy(
    leaving,
    ({ segment }) => `${folderOf(segment.path)}\0${segment.stream}`,
  );
  return [...byFolder.values()].map((segments) => {
    const { stream, path, startUs } = segments[0]!.segment;
    const folder = folderOf(path);
    return {
      stream,
      folder,
      dayUs: dayStartOf(folder) ?? startUs,
      segments,
      initializations: [],
      isEmpty: false,
      isGone: false,
    };
  });
}

/** From the earliest start to the latest end, µs since the Unix epoch; there may be very many. */
function spanOf(segments: readonly LeavingSegment[]): { startUs: number; endUs: number } {
  let startUs = Number.POSITIVE_INFINITY;
  let endUs = 0;
  for (const { segment } of segments) {
    startUs = Math.min(startUs, segment.startUs);
    endUs = Math.max(endUs, segment.endUs);
  }
  return { startUs, endUs };
}

function numbersOf({ segments }: Batch): Record<TrackKind, number[]> {
  const numbers: Record<TrackKind, number[]> = { video: [], audio: [] };
  for (const { segment } of segments) addNumber(numbers, segment);
  return numbers;
}

function addNumber(numbers: Record<TrackKind, number[]>, { path }: Segment): void {
  const file = parseFileName(nameOf(path));
  if (file?.type === 'seg') numbers[file.kind].push(file.number);
}
