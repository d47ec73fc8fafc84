import type { Clock } from '../clock/clock.ts';
import { AbandonedFolder } from '../day-folder/crash-recovery.ts';
import type { FolderOwners } from '../day-folder/folder-owners.ts';
import { removeDayFolder } from '../day-folder/folder-removal.ts';
import type { ForgottenSegments, SegmentNumbers } from '../day-folder/forgotten-segments.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';
import type { RemoteFolders } from '../day-folder/remote-folder.ts';
import { UnclosedFolders } from '../day-folder/unclosed-folders.ts';
import type { FactListener } from '../facts/recording-fact.ts';
import { MANIFEST_NAME } from '../layout/file-names.ts';
import { objectPath } from '../layout/object-path.ts';
import { baseFolder, dayFolder } from '../layout/stream-folder.ts';
import type { Ticks } from '../media/media-time.ts';
import type { StreamStatus } from '../recorder.ts';
import { Recording } from '../recording/recording.ts';
import { StreamClock } from '../recording/stream-clock.ts';
import { RecordIds } from './record-ids.ts';
import type { WorkerSettings } from './worker-settings.ts';

const NOT_ACCEPTED =
  'too much data waits for upload: recording begins when the store has accepted some of it';

/** Options of {@link StreamRecordings}. */
export interface StreamRecordingsOptions {
  stream: string;
  settings: WorkerSettings;
  clock: Clock;
  log: RecordingLog;
  /** Receives the facts of the recordings. */
  onFact: FactListener;
  /** Present if files are moved from this disk to a store. */
  remote?: RemoteFolders;
  /** Keeps recorders that share the storage root out of each other's folders. */
  owners?: FolderOwners;
}

/**
 * The recordings of one stream, one after another, and what they share: identifiers, base
 * directory, media time, and folders that could not be closed.
 */
export class StreamRecordings {
  readonly #options: StreamRecordingsOptions;
  readonly #ids: RecordIds;
  /** Media time continues from one recording to the next. */
  readonly #mediaClock = new StreamClock();
  readonly #unclosed: UnclosedFolders;
  #current: Recording | undefined;
  #baseFolder = '';
  #toldUnwanted = false;
  #startedAtUs = 0;
  #failure: string | undefined;
  /** Media time at which the last recording ended; the next one begins no earlier. */
  #end: Ticks = 0;
  #closing: Promise<void> = Promise.resolve();
  /** Number of changes of folders that have not ended. */
  #edits = 0;

  constructor(options: StreamRecordingsOptions) {
    this.#options = options;
    const { stream, log, clock } = options;
    this.#ids = new RecordIds(() => clock.now());
    this.#unclosed = new UnclosedFolders({
      stream,
      log,
      now: () => clock.nowUs(),
      onNoneLeft: () => {
        if (this.#failure !== NOT_ACCEPTED) this.#failure = undefined;
      },
    });
  }

  /** The open recording. */
  get current(): Recording | undefined {
    return this.#current;
  }

  /** Why something cannot be written; undefined if everything can. */
  get error(): string | undefined {
    if (this.#current !== undefined) return this.#current.error ?? this.#failure;
    return this.#failure ?? this.#unclosed.error;
  }

  /** False while a recording is open, a folder remains to be closed or is being changed. */
  get isClosed(): boolean {
    return this.#current === undefined && this.#unclosed.size === 0 && this.#edits === 0;
  }

  /** Resolves when all ended recordings are durable. */
  get closed(): Promise<void> {
    return this.#closing;
  }

  /** Sets the base directory from the next recording on. @throws Refusal `bad-name` */
  goBelow(baseDir: string | undefined): void {
    this.#baseFolder = baseDir === undefined ? '' : baseFolder(baseDir, this.#options.stream);
  }

  /** Promises the identifier of the next recording: it has it whenever it begins. */
  tellId(): void {
    this.#ids.tell();
  }

  /** Begins a recording, unless one is open. */
  begin(): Recording {
    this.#current ??= this.#new();
    return this.#current;
  }

  /** Somebody publishes and no recording is wanted. Logged once, not at each reconnect. */
  tellUnwanted(): void {
    if (this.#toldUnwanted) return;
    this.#toldUnwanted = true;
    const { stream, log } = this.#options;
    log.info({ stream }, 'published but not recorded: no pattern of auto_streams matches');
  }

  /** No recording may begin for now. */
  putOff(): void {
    const { stream, log } = this.#options;
    if (this.#failure !== NOT_ACCEPTED) log.error({ stream }, NOT_ACCEPTED);
    this.#failure = NOT_ACCEPTED;
  }

  /**
   * Ends the open recording. @param isNextForeseen another recording is wanted and gets an
   * identifier to show
   */
  end(isNextForeseen: boolean): void {
    if (this.#failure === NOT_ACCEPTED) this.#failure = undefined;
    const recording = this.#current;
    if (recording === undefined) return;
    const { stream, log } = this.#options;
    this.#current = undefined;
    const closed = recording.close().then(() => {
      this.#failure = recording.error;
      log.info({ stream, folder: recording.folder }, 'recording ended');
    });
    this.#end = recording.end;
    this.#closing = Promise.all([this.#closing, closed]).then(() => undefined);
    if (isNextForeseen) this.#ids.foresee();
  }

  /** Clears the error of the last recording. */
  forgetFailure(): void {
    this.#failure = undefined;
  }

  /** See {@link import('./calls.ts').Calls.closeLater}. */
  closeLater(folder: string, dayUs: number): void {
    // A recording that writes to this folder recovers it and closes it itself.
    if (folder === this.#current?.folder) return;
    const abandoned = this.#abandoned(folder, dayUs);
    this.#unclosed.add(abandoned, 'a recording that was left open cannot be closed yet');
  }

  #abandoned(folder: string, dayUs: number): AbandonedFolder {
    const { stream, settings, clock, onFact, remote, owners } = this.#options;
    return new AbandonedFolder(folder, dayUs, {
      root: settings.root,
      stream,
      nowUs: clock.nowUs(),
      // Every segment is announced; the index skips those that it has.
      isKnown: () => false,
      onFact,
      ...(remote && { remote }),
      ...(owners && { owners }),
    });
  }

  /**
   * Changes the manifest of a day folder: see `PresentationFolder.forget`.
   * @param dayUs any instant of the folder's UTC day, µs since the Unix epoch
   * @throws what that throws; Error for a folder that cannot be closed at present
   */
  forget(folder: string, dayUs: number, numbers: SegmentNumbers): Promise<ForgottenSegments> {
    return this.#edit(folder, (open) =>
      open === undefined ? this.#abandoned(folder, dayUs).forget(numbers) : open.forget(numbers),
    );
  }

  /**
   * Deletes a day folder without segments, see {@link removeDayFolder}.
   * @returns false for one that is being recorded to
   */
  removeFolder(folder: string): Promise<boolean> {
    return this.#edit(folder, async (open) => {
      if (open !== undefined) return false;
      await removeDayFolder(this.#options.settings.root, folder);
      return true;
    });
  }

  /** No recording begins meanwhile in a folder that none has open. */
  async #edit<T>(
    path: string,
    edit: (folder: PresentationFolder | undefined) => Promise<T>,
  ): Promise<T> {
    const task = async (open: PresentationFolder | undefined) => {
      if (this.#unclosed.has(path)) throw new Error(`${path} cannot be closed at present`);
      return edit(open);
    };
    this.#edits++;
    try {
      if (this.#current !== undefined) return await this.#current.editFolder(path, task);
      const done = this.#closing.then(() => task(undefined));
      this.#closing = done.then(
        () => undefined,
        () => undefined,
      );
      return await done;
    } finally {
      this.#edits--;
    }
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    this.#current?.tick();
    this.#unclosed.tick();
  }

  /** Resolves when nothing is written to any folder any more; no recording may be open. */
  async idle(): Promise<void> {
    await this.#closing;
    await this.#unclosed.idle();
  }

  /** Identifier and place of the present recording, or of the next one. */
  place(): { recordId: string; recordDir: string; mpdPath: string } {
    const { stream, clock } = this.#options;
    const recordDir = this.#current?.folder ?? dayFolder(stream, clock.nowUs(), this.#baseFolder);
    return {
      recordId: this.#ids.current,
      recordDir,
      mpdPath: objectPath(recordDir, MANIFEST_NAME),
    };
  }

  /** The state of the open recording, for operators. */
  status(): Partial<StreamStatus> {
    const recording = this.#current;
    if (recording === undefined) return {};
    const { timelineRestarts, dropped, latestPeriod, periods } = recording;
    return {
      startedAtUs: this.#startedAtUs,
      isPlayable: recording.manifest(recording.manifestPath) !== '',
      timelineRestarts,
      ...(latestPeriod && { period: latestPeriod }),
      periods: { ...periods },
      droppedUnits: { ...dropped },
    };
  }

  #new(): Recording {
    const { stream, settings, clock, log, onFact, remote, owners } = this.#options;
    const { segmentSeconds, onLoss, maxRecordingSeconds } = settings.recorder;
    this.#failure = undefined;
    this.#startedAtUs = clock.nowUs();
    this.#ids.tell();
    const left = this.#unclosed.leave(dayFolder(stream, this.#startedAtUs, this.#baseFolder));
    const recording = new Recording({
      stream,
      root: settings.root,
      baseFolder: this.#baseFolder,
      segmentSeconds,
      onLoss,
      maxRecordingSeconds,
      after: Promise.all([this.#closing, left]).then(() => undefined),
      clock: this.#mediaClock,
      notBefore: this.#end,
      now: () => clock.nowUs(),
      nextRecordId: () => this.#ids.take(),
      onFact,
      onUnclosed: (folder, error) => {
        if (folder.path !== this.#current?.folder) this.#unclosed.add(folder, error.message);
      },
      ...(remote && { remote }),
      ...(owners && { owners }),
      log,
    });
    log.info({ stream, folder: recording.folder }, 'recording');
    return recording;
  }
}
