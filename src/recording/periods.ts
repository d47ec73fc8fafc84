import { likelyCodec } from '../codecs/registry.ts';
import { DayFolders } from '../day-folder/day-folders.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import { type WriteOwner, WriteQueue } from '../files/write-queue.ts';
import { type Ticks, toTicks, toUs, type Us } from '../media/media-time.ts';
import { AudioLane } from './audio-lane.ts';
import { CurrentRecord } from './current-record.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PeriodState } from './period-reason.ts';
import type { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import { type PeriodPictures, RunningPeriod } from './running-period.ts';
import { VideoLane } from './video-lane.ts';
import { WriteFailures } from './write-failures.ts';

/** A chunk is written at the latest when its first sample is this old, µs. */
const CHUNK_AGE_US = 1_500_000;
/** Media that waits for a disk that does not keep up: beyond this the Period is given up, bytes. */
const MOST_PENDING_BYTES = 64 << 20;

/** Of the sound of a Period whose publisher has none: two channels, as publishers agree on. */
const SILENT = likelyCodec('audio').configurationOf(2);

/** What is told of a Period. */
export interface LatestPeriod {
  reason: PeriodReason;
  /** Wall clock as it was known when the Period began, µs since the Unix epoch. */
  startUs: number;
}

/**
 * The Periods of a recording, one after another: what they are begun with, where both tracks stand,
 * and how they end. One that a write failed in is given up: what is on the disk of it is saved, and
 * the next one begins when the disk may be tried again.
 *
 * At midnight the picture goes first into the new day's Period and the sound follows, so for a moment
 * {@link Periods.current} is not yet that of the {@link Periods.audio} lane.
 */
export class Periods implements PeriodState {
  /** Periods that were begun, by reason. */
  readonly counts: Partial<Record<PeriodReason, number>> = {};
  /** Where the pictures are laid, over all Periods. */
  readonly video: VideoLane;
  /** Where the sound is laid, over all Periods. */
  readonly audio: AudioLane;
  readonly #options: RecordingOptions;
  readonly #queue: WriteQueue;
  readonly #folders: DayFolders;
  readonly #record: CurrentRecord;
  readonly #failures: WriteFailures;
  #current: RunningPeriod | undefined;
  #latest: LatestPeriod | undefined;
  #endedFor: PeriodReason = 'start';

  /** @param dropped counts the sound that is not laid */
  constructor(options: RecordingOptions, dropped: DroppedUnits) {
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
        log.warn({ stream, seconds, packets }, 'sound lies ahead of the clock, put at its arrival');
      },
    });
  }

  /** The Period that pictures go to, and sound once it is there. */
  get current(): RunningPeriod | undefined {
    return this.#current;
  }

  /** The Period that was begun last; undefined before the first. */
  get latest(): LatestPeriod | undefined {
    return this.#latest;
  }

  /** See {@link PeriodState.endedFor}. */
  get endedFor(): PeriodReason {
    return this.#endedFor;
  }

  /** The day folder that is written to. */
  get folder(): PresentationFolder {
    return this.#folders.current;
  }

  /** Identifier of the present record; undefined before its first sample. */
  get recordId(): string | undefined {
    return this.#record.id;
  }

  /** Why nothing is written at present; undefined when all is well. */
  get error(): string | undefined {
    return this.#failures.error;
  }

  /** Media time at which what was laid so far ends; 0 when nothing was. */
  get laidEnd(): Ticks {
    return Math.max(this.video.end, this.audio.end);
  }

  /** False for some seconds after a failed write. */
  mayWrite(): boolean {
    return this.#failures.mayTry(this.#options.now());
  }

  /**
   * True when a Period that reaches an instant has to end there, at midnight or because the record is
   * long enough.
   * @param us wall clock, µs since the Unix epoch
   */
  isOver(us: number): boolean {
    return us >= this.#folders.endUs || this.#record.isLongEnough(us);
  }

  /** See {@link PeriodState.overFor}. */
  overFor(time: Ticks, graceUs: Us): 'midnight' | 'max-recording' | undefined {
    const wallUs = this.#options.clock.wallUs(toUs(time)) - graceUs;
    if (!this.isOver(wallUs)) return undefined;
    return wallUs >= this.#folders.endUs ? 'midnight' : 'max-recording';
  }

  /**
   * Begins a Period, in the folder of its day and in a record. The one before ends there.
   * @param reason as decided by `periodReason`
   * @param publisher whose tracks it has
   * @param start media time
   * @param pictures what its pictures are; undefined where it is to have none
   */
  begin(
    reason: PeriodReason,
    publisher: Publisher,
    start: Ticks,
    pictures: PeriodPictures | undefined,
  ): RunningPeriod {
    const { clock, segmentSeconds, now, stream, log } = this.#options;
    const before = this.#current;
    // Black ends where its sound can.
    this.video.fillBlank(before, before?.audio?.timescale.round(start) ?? start, true);
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
    if (before === undefined || before.failed || before.audio === undefined) this.moveSound();
    return period;
  }

  /** The sound follows into the present Period; a folder that both tracks have left is closed. */
  moveSound(): void {
    this.audio.moveTo(this.#current!);
    this.#folders.closeLeft();
  }

  /** Moves both tracks when a publisher's places become final. @param force do not wait any more */
  settle(publisher: Publisher, force: boolean): void {
    const { now, clock } = this.#options;
    const moved = publisher.settle(now(), force, clock.correctionUs(now()));
    if (moved === undefined) return;
    this.video.shift(moved.video);
    this.audio.shift(moved.audio);
  }

  /** Ends the present Period with both tracks as long as the longer one; all that came is laid. */
  end(publisher: Publisher, reason: PeriodReason): void {
    const period = this.#current;
    if (period !== undefined) {
      this.#endedFor = reason;
      const { stream, log } = this.#options;
      log.info({ stream, reason }, 'a Period ends');
    }
    this.video.fillBlank(period, this.audio.end, true);
    if (period?.hasPicture && period.audio) {
      if (this.audio.period !== period) this.moveSound();
      this.audio.endWith(this.video.end);
    }
    this.settle(publisher, true);
    period?.video?.end();
    // Also where the picture's Period was given up and the sound is still in the one before.
    this.audio.endPeriod();
    this.#current = undefined;
    this.#folders.closeLeft();
  }

  /** What time brings: call about four times a second. @param nowUs µs since the Unix epoch */
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

  /** Resolves when all chunks that are full by now are written. */
  written(): Promise<void> {
    return this.#queue.idle();
  }

  /** Ends record and folder; the last Period was ended. What is written has to be waited for. */
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
      this.#endedFor = 'write-failed';
    }
    if (this.audio.period === period) this.audio.abandon();
  }

  /** Saves what is on the disk after a failed write. Called by the queue, in turn with the writes. */
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
