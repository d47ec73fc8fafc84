import { BLANK_CONFIGURATION } from '../container/blank-picture.ts';
import type { H264Configuration } from '../container/h264-parameter-sets.ts';
import { AUDIO_TIMESCALE, VIDEO_TIMESCALE } from '../container/initialization-segment.ts';
import { OPUS_SILENCE_TICKS } from '../container/opus-silence.ts';
import type { AccessUnit, TrackKind } from '../rtp/access-unit.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { SenderReport } from '../rtp/rtp-receiver.ts';
import { AudioLane } from './audio-lane.ts';
import type { AudioPacket } from './audio-track.ts';
import { CurrentRecord } from './current-record.ts';
import { DayFolders } from './day-folders.ts';
import { DroppedUnits } from './dropped-units.ts';
import { audioTicks, toTicks, toUs, videoTicks } from './media-time.ts';
import type { Picture } from './picture-order.ts';
import { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import { RunningPeriod } from './running-period.ts';
import { StallWatch } from './stall-watch.ts';
import { ASK_US, isStill } from './still-picture.ts';
import { VideoLane } from './video-lane.ts';
import { WaitingSound } from './waiting-sound.ts';
import { WriteFailures } from './write-failures.ts';
import { type WriteOwner, WriteQueue } from './write-queue.ts';

/** Sound that is there before the first picture waits this long for it, µs. */
const VIDEO_WAIT_US = 3_000_000;
/** A track that lags behind by more than this is not waited for any more, µs. */
const LAG_US = 2_000_000;
/** Without media for this long a Period ends; what comes later begins another, µs. */
const STALE_US = 5_000_000;
/** A record that is over waits so long for a keyframe before it ends at a recovery point, µs. */
const KEYFRAME_WAIT_US = 5_000_000;
/** A chunk is written at the latest when its first sample is this old, µs. */
const CHUNK_AGE_US = 1_500_000;
/** Media that waits for a disk that does not keep up: beyond this the Period is given up, bytes. */
const MOST_PENDING_BYTES = 64 << 20;

/** Before the first publisher and between two. */
const NOBODY = new Publisher(
  [],
  new DroppedUnits(),
  { requestKeyframe() {}, onUnit() {}, onJump() {} },
  { now: () => 0 },
);

/**
 * The recording of one stream: takes access units, puts them on the wall clock and lays them down as
 * Periods of segments in day folders. It may outlive a publisher that was lost: what the next one
 * sends goes on in the same record, in a new Period. Only {@link Recording.close} waits for the disk;
 * what comes in is taken at once.
 *
 * Nothing is lost here but what cannot be decoded: a failed write ends the Period with what is on
 * the disk, and the next keyframe begins a new one as soon as the disk takes it.
 */
export class Recording {
  /** Access units that were not recorded. */
  readonly dropped = new DroppedUnits();
  /** Times that a sender began a new timeline for a track: another SSRC, or timestamps that jump. */
  timelineRestarts = 0;
  readonly #options: RecordingOptions;
  readonly #queue: WriteQueue;
  #publisher = NOBODY;
  readonly #lane: AudioLane;
  readonly #pictures: VideoLane;
  readonly #record: CurrentRecord;
  readonly #folders: DayFolders;
  readonly #failures: WriteFailures;
  readonly #onUnsaved = (error: Error): void => {
    const message = 'a segment could not be closed yet; its part file remains';
    this.#failures.log(error, this.#options.now(), message);
  };
  #period: RunningPeriod | undefined;
  readonly #sound = new WaitingSound();
  readonly #stalls = new StallWatch();
  #silenceBefore = 0;
  #closed = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#failures = new WriteFailures(options.stream, options.log);
    this.#queue = new WriteQueue(options.after, (owner, error) => this.#writeFailed(owner, error));
    this.#record = new CurrentRecord(options);
    this.#pictures = new VideoLane(Math.ceil(toTicks(options.notBeforeUs, VIDEO_TIMESCALE)));
    this.#lane = new AudioLane({
      floor: Math.ceil(toTicks(options.notBeforeUs, AUDIO_TIMESCALE)),
      dropped: this.dropped,
      now: () => audioTicks(options.clock.mediaUs(options.now())),
      onMisplaced: (seconds, packets) => {
        const { stream, log } = options;
        log.warn({ stream, seconds, packets }, 'sound lies ahead of the clock, put at its arrival');
      },
    });
    this.#folders = new DayFolders(options.now(), this.#queue, {
      ...options,
      onWritten: () => this.#failures.folderWritten(options.now()),
    });
  }

  /** Why nothing is written at present; undefined when all is well. */
  get error(): string | undefined {
    return this.#failures.error;
  }

  /**
   * Takes what a publisher sends from now on, instead of what another sent before.
   * @param sections at most one a kind
   * @param requestKeyframe asks the publisher for a keyframe
   */
  attach(sections: readonly MediaSection[], requestKeyframe: () => void): void {
    this.detach();
    const events = {
      requestKeyframe,
      onUnit: (kind: TrackKind, unit: AccessUnit, ticks: number) => this.#take(kind, unit, ticks),
      onJump: (kind: TrackKind) => this.#jump(kind),
    };
    this.#publisher = new Publisher(sections, this.dropped, events, this.#options);
    this.#silenceBefore = this.#lane.silence;
    if (this.#publisher.video) this.#askForKeyframe();
  }

  /** The publisher is gone: the Period ends, the record waits for another or for its end. */
  detach(): void {
    if (this.#closed) return;
    this.#publisher.flush();
    this.#endPeriod();
    this.#publisher = NOBODY;
    this.dropped.late += this.#sound.clear();
  }

  /** Identifier of the present record; undefined before its first sample. */
  get recordId(): string | undefined {
    return this.#record.id;
  }

  /** Arrival of the latest media, µs since the Unix epoch; 0 before any of this publisher. */
  get lastArrivalUs(): number {
    return Math.max(this.#publisher.seenUs, this.#publisher.heardUs);
  }

  /** Kinds that were negotiated and have not come for some seconds. */
  missing(): TrackKind[] {
    return this.#publisher.missingSince(this.#options.now() - STALE_US);
  }

  /** Object path of the day folder that is written at present. */
  get folder(): string {
    return this.#folders.current.path;
  }

  /** Object path of its manifest. */
  get manifestPath(): string {
    return this.#folders.current.manifestPath;
  }

  /** Media time at which what was recorded so far ends, µs since the epoch; 0 when nothing was. */
  get endUs(): number {
    return Math.max(this.#pictures.endUs, toUs(this.#lane.end, AUDIO_TIMESCALE));
  }

  /**
   * Time of the present publisher's recording for which something else stands in for lost media of a
   * track: the picture before is held, sound is silence. ms
   */
  concealedMs(kind: TrackKind): number {
    const heldUs = toUs(this.#publisher.video?.heldTicks ?? 0, VIDEO_TIMESCALE);
    const silenceUs = toUs(this.#lane.silence - this.#silenceBefore, AUDIO_TIMESCALE);
    return Math.round((kind === 'video' ? heldUs : silenceUs) / 1000);
  }

  /** Text of the manifest that is being written, if it is the one asked for. */
  manifest(path: string): string | undefined {
    const folder = this.#folders.current;
    return path === folder.manifestPath ? folder.manifest : undefined;
  }

  /** Takes the next access unit of a track. */
  accept(kind: TrackKind, unit: AccessUnit): void {
    if (!this.#closed) this.#publisher.accept(kind, unit);
  }

  /** Takes a sender report of a track. */
  report(kind: TrackKind, report: SenderReport): void {
    this.#publisher.timeline.report(kind, report);
  }

  /** The sender of a track said goodbye (RFC 3550 §6.6): its camera is off until more comes. */
  goodbye(kind: TrackKind): void {
    const { video } = this.#publisher;
    if (kind === 'video' && video !== undefined) video.isOff = true;
  }

  /** The sender began a new timeline for a track: another SSRC. */
  restartTrack(kind: TrackKind): void {
    if (this.#closed) return;
    this.#publisher.flush();
    this.#restart(kind);
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    if (this.#closed) return;
    const now = this.#options.now();
    this.#settle(false);
    this.#publisher.tick(now);
    this.#publisher.timeline.tick(now);
    this.#options.clock.steer(now, this.#publisher.timeline.errorUs(now));
    if (!this.#stalls.isCatchingUp(now)) {
      this.#fillSilence(now);
      this.#leaveStale(now);
      this.#startWithoutVideo(now);
    }
    this.#writeSound(false);
    if (this.#publisher.video && this.#period && this.#recordIsOver(now)) this.#askForKeyframe();
    const before = this.#options.clock.mediaUs(now) - CHUNK_AGE_US;
    this.#period?.video?.flushOlderThan(Math.floor(toTicks(before, VIDEO_TIMESCALE)));
    this.#lane.period?.audio?.flushOlderThan(audioTicks(before));
    if (this.#queue.pendingBytes > MOST_PENDING_BYTES && this.#period) {
      const period = this.#period;
      this.#giveUp(period, new Error('the disk does not keep up'));
      this.#queue.push({ failed: false }, 0, () => period.salvage(this.#onUnsaved));
    }
    this.#folders.tick();
  }

  /** Resolves when all chunks that are full by now are written. */
  written(): Promise<void> {
    return this.#queue.idle();
  }

  /** Ends the recording; resolves when all of it is durable and the manifest is static. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.detach();
      this.#endRecord(this.#wallUs(this.endUs));
      this.#closed = true;
      this.#folders.close();
    }
    await this.#queue.idle();
  }

  #take(kind: TrackKind, unit: AccessUnit, ticks: number): void {
    const { video, audio, timeline } = this.#publisher;
    const ends = { video: this.#pictures.end, audio: this.#lane.end };
    timeline.anchor(kind, unit.arrivalUs, ends, this.#options.clock.correctionUs(unit.arrivalUs));
    if (kind === 'video') {
      video?.push(unit, ticks);
      for (let each = video?.next(); each; each = video?.next()) this.#writePicture(each);
    } else {
      const packet = audio?.push(unit, ticks);
      if (packet) this.#takeSound(packet);
    }
  }

  #jump(kind: TrackKind): void {
    this.#options.log.warn({ stream: this.#options.stream, kind }, 'timestamps jump, new Period');
    this.#restart(kind);
  }

  #restart(kind: TrackKind): void {
    if (this.#publisher.track(kind) === undefined) return;
    this.timelineRestarts++;
    this.#endPeriod();
    if (kind === 'video') this.#askForKeyframe();
    else this.#sound.restart();
    this.#publisher.restart(kind, this.#options.now());
  }

  /** Moves what was written, and what waits, when the tracks' places become final. */
  #settle(force: boolean): void {
    const { now, clock } = this.#options;
    const { timeline } = this.#publisher;
    const before = timeline.base('audio');
    const moved = timeline.settle(now(), force, clock.correctionUs(now()));
    if (moved === undefined) return;
    this.#pictures.shift(moved.video);
    this.#lane.shift(moved.audio);
    this.#sound.settle(timeline.base('audio') - before);
  }

  #writePicture(picture: Picture): void {
    const base = this.#publisher.timeline.base('video');
    let start = base + picture.start;
    if (this.#needsPeriod(picture, this.#wallUs(toUs(start, VIDEO_TIMESCALE)))) {
      if (picture.configuration === undefined || !this.#mayWrite()) {
        this.#dropPicture();
        return;
      }
      start = this.#alignedStart(start);
      const { configuration, compositionDelay } = picture;
      this.#beginPeriod(toUs(start, VIDEO_TIMESCALE), configuration, compositionDelay);
    }
    this.#pictures.write(this.#period!, picture, start, base);
    this.#writeSound(false);
  }

  /** There is no Period that a picture could be written to. */
  #dropPicture(): void {
    if (this.#mayWrite()) {
      this.dropped.undecodable++;
      this.#publisher.video?.freeze();
    } else this.dropped.unwritten++;
    this.#askForKeyframe();
  }

  /**
   * Where the first picture of a Period begins: with the sound that was there before it, which would
   * be lost otherwise, and not before sound that is written already.
   * @param start of the picture, ticks; so is the result
   */
  #alignedStart(start: number): number {
    const first = this.#sound.first;
    if (this.#period === undefined && first !== undefined) {
      start = Math.min(start, videoTicks(toUs(first.start, AUDIO_TIMESCALE)));
    }
    if (!this.#period?.hasPicture && this.#publisher.audio !== undefined) {
      const writtenUs = toUs(this.#lane.end, AUDIO_TIMESCALE);
      start = Math.max(start, videoTicks(writtenUs));
    }
    return Math.max(start, this.#pictures.end);
  }

  /** @param startUs wall clock */
  #needsPeriod(picture: Picture, startUs: number): boolean {
    const period = this.#period;
    if (!period?.hasPicture || period.failed) return true;
    if (picture.configuration === undefined) return false;
    if (!picture.keyframe) return this.#recordIsOver(startUs - KEYFRAME_WAIT_US);
    return (
      !sameConfiguration(picture.configuration, period.configuration) ||
      picture.compositionDelay > period.compositionDelay ||
      this.#recordIsOver(startUs)
    );
  }

  /** Takes sound whose place is on the track's own timeline. */
  #takeSound(packet: AudioPacket): void {
    this.#queueSound(packet);
    this.#writeSound(false);
    while (this.#sound.isFull) {
      this.#sound.take();
      if (this.#mayWrite()) this.dropped.late++;
      else this.dropped.unwritten++;
    }
  }

  #queueSound(packet: AudioPacket): void {
    const base = this.#publisher.timeline.base('audio');
    packet.start += base;
    packet.end += base;
    this.#sound.push(packet, this.#options.now());
  }

  /** Writes the sound that the picture has caught up with. @param all whatever the picture does */
  #writeSound(all: boolean): void {
    for (let first = this.#sound.first; first !== undefined; first = this.#sound.first) {
      const period = this.#period;
      if (period === undefined || period.failed) return;
      const startUs = toUs(first.start, AUDIO_TIMESCALE);
      if (!all && period.hasPicture && this.#waitsForPicture(startUs)) return;
      if (!period.hasPicture && this.#recordIsOver(this.#wallUs(startUs))) {
        this.#beginSound(startUs);
      }
      if (this.#lane.period !== this.#period && startUs >= this.#period!.startUs) this.#moveSound();
      this.#sound.take();
      this.#lane.write(first);
      if (this.#lane.period === this.#period) {
        this.#pictures.fillBlank(this.#period, this.#lane.end, false);
      }
    }
  }

  /** True while a picture is to be expected that sound should not run ahead of. @param us media time */
  #waitsForPicture(us: number): boolean {
    if (us < this.#pictures.endUs || this.#sound.isFull) return false;
    return this.#options.now() - this.#publisher.shownUs < LAG_US;
  }

  /** Begins a Period for sound without a picture. @param startUs media time */
  #beginSound(startUs: number): void {
    // Black pictures have no place of their own in time that could be settled later.
    this.#settle(true);
    const isExpected = this.#publisher.video !== undefined || this.#folders.current.has('video');
    this.#beginPeriod(startUs, isExpected ? BLANK_CONFIGURATION : undefined);
  }

  /** @param startUs media time @param compositionDelay of its pictures, ticks */
  #beginPeriod(
    startUs: number,
    configuration: H264Configuration | undefined,
    compositionDelay = 0,
  ): void {
    const before = this.#period;
    this.#pictures.fillBlank(before, audioTicks(startUs), true);
    before?.video?.end();
    const wallUs = this.#wallUs(startUs);
    if (this.#recordIsOver(wallUs)) this.#endRecord(wallUs);
    this.#folders.goTo(wallUs);
    this.#record.begin(wallUs, this.#folders.current.manifestPath);
    const period = new RunningPeriod({
      folder: this.#folders.current,
      queue: this.#queue,
      segmentSeconds: this.#options.segmentSeconds,
      startUs,
      clock: this.#options.clock,
      configuration,
      compositionDelay,
      hasAudio: this.#publisher.audio !== undefined || this.#folders.current.has('audio'),
      requestKeyframe: () => this.#askForKeyframe(),
      onCommitted: () => this.#failures.mediaWritten(this.#options.now()),
    });
    this.#period = period;
    for (const writer of period.writers) this.#publisher.timeline.adopt(writer);
    if (before === undefined || before.failed || before.audio === undefined) this.#moveSound();
    if (!period.hasPicture) this.#writeSound(false);
  }

  /** The sound follows into the present Period; a folder that both tracks have left is closed. */
  #moveSound(): void {
    this.#lane.moveTo(this.#period!);
    this.#folders.closeLeft();
  }

  /** Ends the Period with both tracks as long as the longer one. */
  #endPeriod(): void {
    const packet = this.#publisher.audio?.finish();
    if (packet) this.#queueSound(packet);
    const picture = this.#lastPicture();
    if (picture) {
      // Nothing was written of this publisher's sound before the Period, if there is none.
      const end = this.#sound.last?.end ?? (this.#period ? this.#lane.end : undefined);
      if (end !== undefined) this.#holdPicture(picture, end);
      this.#writePicture(picture);
    }
    this.#writeSound(true);
    this.#pictures.fillBlank(this.#period, this.#lane.end, true);
    if (this.#period?.hasPicture && this.#period.audio) {
      const end = audioTicks(this.#pictures.endUs);
      if (this.#lane.period !== this.#period) this.#moveSound();
      this.#lane.beginWithSilence(audioTicks(this.#period.startUs), end);
      if (end - this.#lane.end > OPUS_SILENCE_TICKS) this.#lane.fillTo(end, false);
    }
    this.#settle(true);
    const period = this.#period;
    if (period === undefined) return;
    period.video?.end();
    this.#lane.endPeriod();
    this.#period = undefined;
    this.#folders.closeLeft();
  }

  /** The last picture; those before it that still waited are written. */
  #lastPicture(): Picture | undefined {
    const { clock, now } = this.#options;
    const { video, timeline } = this.#publisher;
    const left = video?.finish(videoTicks(clock.mediaUs(now())) - timeline.base('video')) ?? [];
    const last = left.pop();
    for (const picture of left) this.#writePicture(picture);
    return last;
  }

  /** Lets a picture without a next one stay for as long as there is sound. @param end audio ticks */
  #holdPicture(picture: Picture, end: number): void {
    const ticks = videoTicks(toUs(end, AUDIO_TIMESCALE));
    picture.end = Math.max(picture.end, ticks - this.#publisher.timeline.base('video'));
  }

  /** True when a record that reaches an instant has to end there. @param us wall clock */
  #recordIsOver(us: number): boolean {
    return us >= this.#folders.endUs || this.#record.isLongEnough(us);
  }

  #wallUs(us: number): number {
    return this.#options.clock.wallUs(us);
  }

  #endRecord(endUs: number): void {
    this.#record.end(endUs, this.error === undefined ? 'Completed' : 'Failed');
  }

  #mayWrite(): boolean {
    return this.#failures.mayTry(this.#options.now());
  }

  #askForKeyframe(): void {
    this.#publisher.askForKeyframe(this.#options.now());
  }

  /** Replaces sound that does not come, while there is picture for it to keep step with. */
  #fillSilence(nowUs: number): void {
    const { video, audio, heardUs, seenUs } = this.#publisher;
    if (nowUs - heardUs < LAG_US) return;
    if (video === undefined || nowUs - seenUs >= LAG_US) return;
    const period = this.#lane.period;
    if (period === undefined) return;
    const last = audio?.finish();
    if (last) this.#takeSound(last);
    const nextUs = period === this.#period ? Number.POSITIVE_INFINITY : this.#period?.startUs;
    const untilUs = this.#options.clock.mediaUs(nowUs) - LAG_US;
    const until = audioTicks(Math.min(untilUs, nextUs ?? untilUs));
    this.#lane.beginWithSilence(audioTicks(period.startUs), until);
    this.#lane.fillTo(until, audio !== undefined);
    if (period !== this.#period && this.#period && until >= audioTicks(this.#period.startUs)) {
      this.#moveSound();
    }
  }

  /** Ends a Period whose picture, or everything, has stopped: a hole in it would stop players. */
  #leaveStale(nowUs: number): void {
    const period = this.#period;
    if (period === undefined) return;
    const { video, audio, heardUs, seenUs } = this.#publisher;
    if (period.hasPicture && video !== undefined) {
      if (isStill(video, nowUs, audio && nowUs - heardUs <= STALE_US)) {
        if (nowUs - video.takenUs > ASK_US) this.#askForKeyframe();
        return;
      }
    }
    if (nowUs - Math.max(heardUs, seenUs) > STALE_US) {
      if (this.#options.clock.mediaUs(nowUs) - period.startUs > STALE_US) this.#endPeriod();
    } else if (period.hasPicture && nowUs - this.#publisher.shownUs > STALE_US) {
      const picture = this.#lastPicture();
      if (picture) {
        this.#holdPicture(picture, this.#lane.end);
        this.#writePicture(picture);
      }
      this.#beginSound(toUs(this.#lane.end, AUDIO_TIMESCALE));
      this.#moveSound();
    }
  }

  /** Begins with sound alone where the picture keeps it waiting. */
  #startWithoutVideo(nowUs: number): void {
    const first = this.#sound.first;
    if (first === undefined || this.#period !== undefined || !this.#mayWrite()) return;
    if (this.#publisher.video !== undefined && nowUs - this.#sound.sinceUs < VIDEO_WAIT_US) return;
    this.#beginSound(toUs(first.start, AUDIO_TIMESCALE));
  }

  #giveUp(period: RunningPeriod, error: Error): void {
    period.failed = true;
    period.folder.distrust();
    this.#failures.mediaFailed(error, this.#options.now());
    for (const writer of period.writers) this.#publisher.timeline.abandon(writer);
    if (this.#period === period) this.#period = undefined;
    if (this.#lane.period === period) this.#lane.abandon();
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
}

function sameConfiguration(a: H264Configuration, b: H264Configuration | undefined): boolean {
  return a === b || (b !== undefined && a.equals(b));
}
