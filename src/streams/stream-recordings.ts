import type { Clock } from '../clock/clock.ts';
import { AbandonedFolder } from '../day-folder/crash-recovery.ts';
import type { FolderOwners } from '../day-folder/folder-owners.ts';
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
  'too much waits for upload: recording begins as soon as the store has taken some of it';

/** What {@link StreamRecordings} work with. */
export interface StreamRecordingsOptions {
  stream: string;
  settings: WorkerSettings;
  clock: Clock;
  log: RecordingLog;
  /** Told what the recordings tell. */
  onFact: FactListener;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
  /** Keeps recorders apart that share the root. */
  owners?: FolderOwners;
}

/**
 * The recordings of one stream, one after another: what outlives each of them, from identifiers and
 * base directory to media time and folders that could not be closed.
 */
export class StreamRecordings {
  readonly #options: StreamRecordingsOptions;
  readonly #ids: RecordIds;
  /** Media time, which goes on from one to the next. */
  readonly #mediaClock = new StreamClock();
  readonly #unclosed: UnclosedFolders;
  #current: Recording | undefined;
  #baseFolder = '';
  #toldUnwanted = false;
  #startedAtUs = 0;
  #failure: string | undefined;
  /** Media time at which the last one ended; the next one begins no earlier. */
  #end: Ticks = 0;
  #closing: Promise<void> = Promise.resolve();

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

  /** The one that is open. */
  get current(): Recording | undefined {
    return this.#current;
  }

  /** Why something cannot be written. */
  get error(): string | undefined {
    if (this.#current !== undefined) return this.#current.error ?? this.#failure;
    return this.#failure ?? this.#unclosed.error;
  }

  /** False while folders are left to close. */
  get isClosed(): boolean {
    return this.#current === undefined && this.#unclosed.size === 0;
  }

  /** Resolves when all that were ended are durable. */
  get closed(): Promise<void> {
    return this.#closing;
  }

  /** Puts what comes below a base directory from the next recording on. @throws Refusal `bad-name` */
  goBelow(baseDir: string | undefined): void {
    this.#baseFolder = baseDir === undefined ? '' : baseFolder(baseDir, this.#options.stream);
  }

  /** Says the identifier of the next recording, which it will have whenever it begins. */
  tellId(): void {
    this.#ids.tell();
  }

  /** Begins a recording, unless one is open. */
  begin(): Recording {
    this.#current ??= this.#new();
    return this.#current;
  }

  /** Somebody publishes and nobody wants it recorded: logged once, not each time that it comes back. */
  tellUnwanted(): void {
    if (this.#toldUnwanted) return;
    this.#toldUnwanted = true;
    const { stream, log } = this.#options;
    log.info({ stream }, 'published but not recorded: no pattern of auto_streams matches');
  }

  /** None may begin for now. */
  putOff(): void {
    const { stream, log } = this.#options;
    if (this.#failure !== NOT_ACCEPTED) log.error({ stream }, NOT_ACCEPTED);
    this.#failure = NOT_ACCEPTED;
  }

  /** Ends the one that is open. @param isNextForeseen another one is wanted, and has an identifier to show */
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

  /** Nobody need know any more what went wrong. */
  forgetFailure(): void {
    this.#failure = undefined;
  }

  /** See {@link import('./calls.ts').Calls.closeLater}. */
  closeLater(folder: string, dayUs: number): void {
    // A recording that writes into it takes up what is there, and closes it itself.
    if (folder === this.#current?.folder) return;
    const { stream, settings, clock, onFact, remote, owners } = this.#options;
    const abandoned = new AbandonedFolder(folder, dayUs, {
      root: settings.root,
      stream,
      nowUs: clock.nowUs(),
      // The index is told of all, and passes over what it has.
      isKnown: () => false,
      onFact,
      ...(remote && { remote }),
      ...(owners && { owners }),
    });
    this.#unclosed.add(abandoned, 'a recording that was left open cannot be closed yet');
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    this.#current?.tick();
    this.#unclosed.tick();
  }

  /** Resolves when nothing is done in any folder any more; nothing may be open. */
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

  /** What operators see of the one that is open. */
  status(): Partial<StreamStatus> {
    const recording = this.#current;
    if (recording === undefined) return {};
    const { timelineRestarts, dropped, latestPeriod, periods } = recording;
    return {
      startedAtUs: this.#startedAtUs,
      isPlayable: recording.manifest(recording.manifestPath) !== undefined,
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
