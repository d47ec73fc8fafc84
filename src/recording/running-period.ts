import type { H264Configuration } from '../codecs/h264/parameter-sets.ts';
import {
  h264InitializationSegment,
  opusInitializationSegment,
} from '../containers/mp4/initialization-segment.ts';
import { containerNamed } from '../containers/registry.ts';
import type { TrackDescription } from '../day-folder/period-track.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { WriteOwner, WriteQueue } from '../files/write-queue.ts';
import type { ManifestPeriod } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import { type Ticks, toUs } from '../media/media-time.ts';
import { H264_TIMESCALE, OPUS_TIMESCALE, type Timescale } from '../media/timescale.ts';
import { BlankVideo } from './blank-video.ts';
import { type StreamClock, TrackWallClock } from './stream-clock.ts';
import type { StreamTimeline } from './stream-timeline.ts';
import { TrackWriter } from './track-writer.ts';

/**
 * Channels of every Opus track. RTP always says two (RFC 7587 §7) and each packet may be mono or
 * stereo; a decoder set up for two plays both, so a switch needs no new Period.
 */
const OPUS_CHANNELS = 2;

/** What H264 and Opus are written to. */
const CONTAINER: ContainerName = 'mp4';

/** A segment of the day before is kept open for so long after midnight, µs. */
const MOST_LATE_US = 60_000_000;

/** What a Period is made for. */
export interface RunningPeriodOptions {
  folder: PresentationFolder;
  queue: WriteQueue;
  segmentSeconds: number;
  /** Media time at which it begins. */
  start: Ticks;
  clock: StreamClock;
  /** Tells when the places of its tracks are final. */
  timeline: StreamTimeline;
  /** Present when it has video. */
  configuration: H264Configuration | undefined;
  /** What composition offsets are raised by; 0 where pictures are not reordered. */
  compositionDelay: Ticks;
  hasAudio: boolean;
  requestKeyframe(): void;
  /** Told of each segment that was written without a failure. */
  onCommitted(): void;
}

/**
 * A Period while it is recorded: a stretch of a presentation in which the tracks, their codec
 * configuration and their clocks stay the same (ISO/IEC 23009-1 §5.3.2).
 */
export class RunningPeriod implements WriteOwner {
  failed = false;
  readonly folder: PresentationFolder;
  /** Media time: audio from here on belongs to this Period. */
  readonly start: Ticks;
  readonly configuration: H264Configuration | undefined;
  /** What the composition offsets of its pictures are raised by. */
  readonly compositionDelay: Ticks;
  readonly video: TrackWriter | undefined;
  readonly audio: TrackWriter | undefined;
  readonly #clock: StreamClock;
  readonly #timeline: StreamTimeline;
  readonly #rebase: Ticks;
  #entry: ManifestPeriod | undefined;

  constructor(options: RunningPeriodOptions) {
    const { folder, queue, segmentSeconds, configuration, requestKeyframe, onCommitted } = options;
    this.folder = folder;
    this.start = options.start;
    this.configuration = configuration;
    this.compositionDelay = options.compositionDelay;
    this.#clock = options.clock;
    this.#timeline = options.timeline;
    this.#rebase = options.clock.enter(folder.path, options.start);
    const shared = {
      ...{ folder, queue, segmentSeconds, requestKeyframe, onCommitted, owner: this },
      rebase: this.#rebase,
      mayCut: (time: Ticks) => this.#mayCut(time),
    };
    if (configuration !== undefined) {
      this.video = new TrackWriter({
        ...shared,
        kind: 'video',
        container: containerNamed(CONTAINER),
        timescale: H264_TIMESCALE,
        openTrack: () => this.#openVideo(configuration),
      });
    }
    if (options.hasAudio) {
      this.audio = new TrackWriter({
        ...shared,
        kind: 'audio',
        container: containerNamed(CONTAINER),
        timescale: OPUS_TIMESCALE,
        openTrack: () => this.#openAudio(),
      });
    }
    for (const writer of this.writers) this.#timeline.adopt(writer);
  }

  /** True when the publisher's pictures go here; false without any or with black ones. */
  get hasPicture(): boolean {
    return this.video !== undefined && !BlankVideo.isOf(this.configuration);
  }

  /** The writers of its tracks. */
  get writers(): TrackWriter[] {
    return [this.video, this.audio].filter((writer) => writer !== undefined);
  }

  /** After a failed write: takes nothing more. What is on the disk is for {@link RunningPeriod.salvage}. */
  giveUp(): void {
    this.failed = true;
    this.folder.distrust();
    for (const writer of this.writers) this.#timeline.abandon(writer);
  }

  /**
   * After a failed write: commits what whole chunks are on the disk. No file stays open.
   * @param onFailure told of each segment for which not even that is possible
   */
  async salvage(onFailure: (error: Error) => void): Promise<void> {
    for (const writer of this.writers) {
      await writer.salvage((error) => {
        this.folder.distrust();
        onFailure(error);
      });
    }
  }

  /**
   * After midnight the Period goes on until the next keyframe, and so do its segments: one that began
   * then would lie in the wrong day. Without a keyframe for long they are cut all the same.
   */
  #mayCut(time: Ticks): boolean {
    const lateUs = this.#clock.wallUs(toUs(time)) - this.folder.endUs;
    return lateUs < 0 || lateUs > MOST_LATE_US;
  }

  async #openVideo(configuration: H264Configuration) {
    await this.folder.open();
    const { codec, width, height } = configuration;
    const delay = H264_TIMESCALE.ofTicks(this.compositionDelay);
    const initialization = await h264InitializationSegment(configuration, delay);
    const description = {
      container: CONTAINER,
      codecs: codec,
      timescale: H264_TIMESCALE.perSecond,
      width,
      height,
    };
    return this.#openTrack('video', H264_TIMESCALE, initialization, description);
  }

  async #openAudio() {
    await this.folder.open();
    const initialization = await opusInitializationSegment({ channels: OPUS_CHANNELS });
    const description = {
      container: CONTAINER,
      codecs: 'opus',
      timescale: OPUS_TIMESCALE.perSecond,
      channels: OPUS_CHANNELS,
    };
    return this.#openTrack('audio', OPUS_TIMESCALE, initialization, description);
  }

  #openTrack(
    kind: TrackKind,
    timescale: Timescale,
    initialization: Buffer,
    description: TrackDescription,
  ) {
    const wallClock = new TrackWallClock(this.#clock, timescale, this.#rebase);
    const period = this.#manifestPeriod();
    return this.folder.openTrack(period, kind, initialization, description, wallClock);
  }

  #manifestPeriod(): ManifestPeriod {
    this.#entry ??= this.folder.openPeriod();
    return this.#entry;
  }
}
