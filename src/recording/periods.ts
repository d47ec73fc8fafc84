import { likelyCodec } from '../codecs/registry.ts';
import { DayFolders } from '../day-folder/day-folders.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import { type WriteOwner, WriteQueue } from '../files/write-queue.ts';
import { type Ticks, toTicks, toUs, type Us } from '../media/media-time.ts';
import { AudioLane } from './audio-lane.ts';
import { CurrentRecord } from './current-record.ts';
import type { DroppedUnits } from './dropped-units.ts';
import {
  ENDINGS,
  type Ending,
  FIRST_PERIOD,
  type Limit,
  limitReason,
  type PeriodState,
} from './period-reason.ts';
import type { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import { type PeriodPictures, RunningPeriod } from './running-period.ts';
import { VideoLane } from './video-lane.ts';
import { WriteFailures } from './write-failures.ts';

/** Maximum age of the first sample of a chunk when the chunk is written, µs. */
const CHUNK_AGE_US = 1_500_000;
/** Maximum amount of media that waits for a slow disk before the Period is given up, bytes. */
const MOST_PENDING_BYTES = 64 << 20;

/** Sound of a Period whose publisher has none: two channels, which publishers usually negotiate. */
const SILENT = likelyCodec('audio').configurationOf(2);

/** The options of a recording that its Periods need. */
export type PeriodsOptions = Omit<RecordingOptions, 'onLoss'>;

/** The latest Period, for operators. */
export interface LatestPeriod {
  reason: PeriodReason;
  /** Wall-clock start as known when the Period began, µs since the Unix epoch. */
  startUs: number;
}

/**
 * The Periods of a recording, one after another: how they begin, where both tracks are, and how
 * they end. A Period with a failed write is given up: what is on disk is saved, and the next one
 * begins when the disk may be tried again.
 *
 * At midnight the picture moves to the new day's Period first and the sound follows, so for a
 * moment {@link Periods.current} is not yet that of the {@link Periods.audio} lane.
 */
export class Periods implements PeriodState {
  /** Number of Periods by the reason for their start. */
  readonly counts: Partial<Record<PeriodReason, number>> = {};
  /** Lays the pictures over all Periods. */
  readonly video: VideoLane;
  /** Lays the sound over all Periods. */
  readonly audio: AudioLane;
  readonly #options: PeriodsOptions;
  readonly #queue: WriteQueue;
  readonly #folders: DayFolders;
  readonly #record: CurrentRecord;
  readonly #failures: WriteFailures;
  #current: RunningPeriod | undefined;
  #latest: LatestPeriod | undefined;
  #endedFor: PeriodState['endedFor'] = FIRST_PERIOD;

  /** @param dropped counts sound that is not recorded */
  constructor(options: PeriodsOptions, dropped: DroppedUnits) {
    const { stream, log, now, clock, notBefore } = options;
    this.#options = options;
    this.#failures = new WriteFailures(stream, log);
    this.#queue = new WriteQueue(options.after, (owner, error) => this.#writeFailed(owner, error));
    this.#record = new CurrentRecord(options);
    this.#folders = new DayFolders(now(), this.#queue, {
      ...options,
      onWritten: () => this.#failures.folderWritten(now()),
    });
    this.video = new VideoLane(notBefore);
    this.audio = new AudioLane({
      floor: notBefore,
      dropped,
      nowUs: () => clock.mediaUs(now()),
      onMisplaced: (seconds, packets) => {
        log.warn(
          { stream, seconds, packets },
          'sound is ahead of the clock, placed at its arrival',
        );
      },
    });
  }

  /** The Period that receives pictures, and sound once that has followed. */
  get current(): RunningPeriod | undefined {
    return this.#current;
  }

  /** The Period that began last; undefined before the first. */
  get latest(): LatestPeriod | undefined {
    return this.#latest;
  }

  /** See {@link PeriodState.endedFor}. */
  get endedFor(): PeriodState['endedFor'] {
    return this.#endedFor;
  }

  /** The current day folder. */
  get folder(): PresentationFolder {
    return this.#folders.current;
  }

  /** Identifier of the open record; undefined before its first sample. */
  get recordId(): string | undefined {
    return this.#record.id;
  }

  /** Why nothing can be written; undefined if there is no failure. */
  get error(): string | undefined {
    return this.#failures.error;
  }

  /** Media time at which the recording ends so far; 0 if nothing was recorded. */
  get laidEnd(): Ticks {
    return Math.max(this.video.end, this.audio.end);
  }

  /** See {@link DayFolders.edit}. */
  editFolder<T>(
    path: string,
    edit: (folder: PresentationFolder | undefined) => Promise<T>,
  ): Promise<T> {
    return this.#folders.edit(path, edit);
  }

  /** False for some seconds after a failed write. */
  mayWrite(): boolean {
    return this.#failures.mayTry(this.#options.now());
  }

  /**
   * True if a Period that reaches an instant must end there, because of midnight or the maximum
   * length of a record.
   * @param us wall clock, µs since the Unix epoch
   */
  isOver(us: number): boolean {
    return this.#limitAt(us) !== undefined;
  }

  /** See {@link PeriodState.overFor}. */
  overFor(time: Ticks, graceUs: Us): Limit | undefined {
    return this.#limitAt(this.#options.clock.wallUs(toUs(time)) - graceUs);
  }

  #limitAt(us: number): Limit | undefined {
    return limitReason(us >= this.#folders.endUs, this.#record.isLongEnough(us));
  }

  /**
   * Begins a Period in the folder of its day and in a record. The previous one ends there.
   * @param reason as decided by `periodReason`
   * @param publisher of its tracks
   * @param start media time
   * @param pictures undefined for a Period without video
   */
  begin(
    reason: PeriodReason,
    publisher: Publisher,
    start: Ticks,
    pictures: PeriodPictures | undefined,
  ): RunningPeriod {
    const { clock, segmentSeconds, now, stream, log } = this.#options;
    const before = this.#current;
    // Black pictures end at a time that the sound can express, but not after the next picture begins.
    const end = before?.audio?.timescale.round(start) ?? start;
    this.video.fillBlank(before, Math.min(end, start), true);
    before?.video?.end();
    const wallUs = clock.wallUs(toUs(start));
    if (this.isOver(wallUs)) this.#endRecord(wallUs);
    this.#folders.goTo(wallUs);
    this.#record.begin(wallUs, this.folder.manifestPath);
    const period = new RunningPeriod({
      folder: this.folder,
      reason,
      queue: this.#queue,
      segmentSeconds,
      start,
      ends: { video: this.video.end, audio: this.audio.end },
      clock,
      timeline: publisher.timeline,
      pictures,
      sound: publisher.audio?.configuration ?? (this.folder.has('audio') ? SILENT : undefined),
      requestKeyframe: () => publisher.askForKeyframe(now()),
      onCommitted: () => this.#failures.mediaWritten(now()),
    });
    this.#current = period;
    this.#latest = { reason, startUs: Math.round(wallUs) };
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
    log.info({ stream, reason }, 'a Period begins');
    const left = before ?? this.audio.period;
    if (left === undefined || left.failed || left.audio === undefined) this.moveSound();
    return period;
  }

  /** The sound follows to the current Period; a folder that both tracks have left is closed. */
  moveSound(): void {
    if (this.audio.period !== this.#current) this.audio.endWithPicture();
    this.audio.moveTo(this.#current!);
    this.#folders.closeLeft();
  }

  /**
   * Moves both tracks when the publisher's places become final. @param force do not wait any longer
   */
  settle(publisher: Publisher, force: boolean): void {
    const { now, clock } = this.#options;
    const moved = publisher.settle(now(), force, clock.correctionUs(now()));
    if (moved === undefined) return;
    this.video.shift(moved.video);
    this.audio.shift(moved.audio);
  }

  /**
   * Ends the current Period with both tracks as long as the longer one; all media that arrived is
   * laid.
   * @param soundGoesOn only the picture ends here: what comes of the sound until then is still on its way,
   * so it follows to the next Period by itself, as at midnight
   */
  end(publisher: Publisher, reason: Ending, soundGoesOn = false): void {
    const period = this.#current;
    if (period !== undefined) {
      this.#endedFor = reason;
      const { stream, log } = this.#options;
      log.info({ stream, reason }, 'a Period ends');
    }
    this.video.fillBlank(period, this.audio.end, true);
    if (period?.hasPicture && period.audio && this.audio.period !== period) this.moveSound();
    const isLeft = soundGoesOn && period?.hasPicture && period.audio;
    if (!isLeft) this.audio.endWithPicture();
    this.settle(publisher, true);
    period?.video?.end();
    // Also if the picture's Period was given up and the sound is still in the previous one.
    if (!isLeft) this.audio.endPeriod();
    this.#current = undefined;
    this.#folders.periodEnded();
    this.#folders.closeLeft();
  }

  /** Does what is due; call about four times a second. @param nowUs µs since the Unix epoch */
  tick(nowUs: number): void {
    const old = toTicks(this.#options.clock.mediaUs(nowUs) - CHUNK_AGE_US);
    this.#current?.video?.flushOlderThan(old);
    this.audio.period?.audio?.flushOlderThan(old);
    if (this.#queue.pendingBytes > MOST_PENDING_BYTES && this.#current) {
      const period = this.#current;
      this.#giveUp(period, new Error('the disk does not keep up'));
      this.#queue.push({ failed: false }, 0, () => period.salvage(this.#onUnsaved));
    }
    this.#folders.tick();
  }

  /** Resolves when all chunks that are complete now are written. */
  written(): Promise<void> {
    return this.#queue.idle();
  }

  /**
   * Ends record and folder. Precondition: the last Period has ended. The writes must be awaited.
   */
  close(): void {
    this.#endRecord(this.#options.clock.wallUs(toUs(this.laidEnd)));
    this.#folders.close();
  }

  #endRecord(endUs: number): void {
    this.#record.end(endUs, this.error === undefined ? 'Completed' : 'Failed');
  }

  #giveUp(period: RunningPeriod, error: Error): void {
    period.giveUp();
    this.#failures.mediaFailed(error, this.#options.now());
    if (this.#current === period) {
      this.#current = undefined;
      this.#endedFor = ENDINGS.writeFailed;
    }
    if (this.audio.period === period) this.audio.abandon();
  }

  /** Saves what is on disk after a failed write. Called by the queue between the writes. */
  async #writeFailed(owner: WriteOwner, error: Error): Promise<void> {
    if (owner instanceof RunningPeriod) {
      this.#giveUp(owner, error);
      await owner.salvage(this.#onUnsaved);
    } else {
      this.#failures.folderFailed(error, this.#options.now());
    }
  }

  readonly #onUnsaved = (error: Error): void => {
    const message = 'a segment could not be closed yet; its part file remains';
    this.#failures.log(error, this.#options.now(), message);
  };
}
