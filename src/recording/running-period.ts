import type {
  AudioConfiguration,
  BlankPictures,
  Configuration,
  VideoConfiguration,
} from '../codecs/configuration.ts';
import type { Container } from '../containers/container.ts';
import { containerNamed } from '../containers/registry.ts';
import { trackFormat } from '../containers/track-format.ts';
import type { PeriodTrack } from '../day-folder/period-track.ts';
import type { PresentationFolder } from '../day-folder/presentation-folder.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { WriteOwner, WriteQueue } from '../files/write-queue.ts';
import type { ManifestPeriod } from '../manifest/presentation.ts';
import { type Ticks, toUs } from '../media/media-time.ts';
import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';
import { shownSize } from '../media/shown-size.ts';
import { Timescale } from '../media/timescale.ts';
import { type StreamClock, TrackWallClock } from './stream-clock.ts';
import type { StreamTimeline } from './stream-timeline.ts';
import { TrackWriter } from './track-writer.ts';

/** How long after midnight a segment of the day before is kept open, µs. */
const MOST_LATE_US = 60_000_000;

/** What the pictures of a Period are. */
export interface PeriodPictures {
  configuration: VideoConfiguration;
  /** What composition offsets are raised by; 0 where pictures are not reordered. */
  compositionDelay: Ticks;
  /** How they are to be shown. */
  orientation: PictureOrientation;
  /** Present where they are black ones, in the place of a publisher's. */
  blank?: BlankPictures;
}

/** What a Period is made for. */
export interface RunningPeriodOptions {
  folder: PresentationFolder;
  /** Why it begins. */
  reason: PeriodReason;
  queue: WriteQueue;
  segmentSeconds: number;
  /** Media time at which it begins. */
  start: Ticks;
  clock: StreamClock;
  /** Tells when the places of its tracks are final. */
  timeline: StreamTimeline;
  /** Present when it has video. */
  pictures: PeriodPictures | undefined;
  /** Present when it has audio. */
  sound: AudioConfiguration | undefined;
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
  /** Of its pictures; undefined without any. */
  readonly configuration: VideoConfiguration | undefined;
  /** Its black pictures, where it has those. */
  readonly blank: BlankPictures | undefined;
  /** Configuration of its sound; undefined without any. */
  readonly sound: AudioConfiguration | undefined;
  /** What the composition offsets of its pictures are raised by. */
  readonly compositionDelay: Ticks;
  /** How its pictures are to be shown. */
  readonly orientation: PictureOrientation;
  readonly video: TrackWriter | undefined;
  readonly audio: TrackWriter | undefined;
  readonly #clock: StreamClock;
  readonly #timeline: StreamTimeline;
  readonly #rebase: Ticks;
  readonly #reason: PeriodReason;
  #entry: ManifestPeriod | undefined;

  constructor(options: RunningPeriodOptions) {
    const { folder, queue, segmentSeconds, pictures, sound, requestKeyframe, onCommitted } =
      options;
    this.folder = folder;
    this.#reason = options.reason;
    this.start = options.start;
    this.configuration = pictures?.configuration;
    this.compositionDelay = pictures?.compositionDelay ?? 0;
    this.orientation = pictures?.orientation ?? UPRIGHT;
    this.blank = pictures?.blank;
    this.sound = sound;
    this.#clock = options.clock;
    this.#timeline = options.timeline;
    this.#rebase = options.clock.enter(folder.path, options.start);
    const shared = {
      ...{ folder, queue, segmentSeconds, requestKeyframe, onCommitted, owner: this },
      rebase: this.#rebase,
      mayCut: (time: Ticks) => this.#mayCut(time),
    };
    const writerOf = (configuration: Configuration, compositionDelay: Ticks) => {
      const { kind, isLengthPrefixed } = configuration;
      const container = containerNamed(configuration.containers[0]!);
      const timescale = new Timescale(container.timescale(configuration.timescale));
      const openTrack = () =>
        this.#openTrack(container, configuration, timescale, compositionDelay);
      return new TrackWriter({
        ...shared,
        kind,
        isLengthPrefixed,
        container,
        timescale,
        openTrack,
      });
    };
    if (pictures) this.video = writerOf(pictures.configuration, pictures.compositionDelay);
    if (sound) this.audio = writerOf(sound, 0);
    for (const writer of this.writers) this.#timeline.adopt(writer);
  }

  /** True when the publisher's pictures go here; false without any or with black ones. */
  get hasPicture(): boolean {
    return this.video !== undefined && this.blank === undefined;
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

  async #openTrack(
    container: Container,
    configuration: Configuration,
    timescale: Timescale,
    compositionDelay: Ticks,
  ): Promise<PeriodTrack> {
    await this.folder.open();
    const { kind, codecString: codecs } = configuration;
    const { orientation } = this;
    const format = trackFormat(container, configuration, {
      compositionDelay: timescale.ofTicks(compositionDelay),
      orientation,
    });
    const initialization = container.initialization(format);
    const description = {
      container: container.name,
      codecs,
      timescale: timescale.perSecond,
      ...(kind === 'video'
        ? shownSize(configuration, orientation)
        : { channels: configuration.channels, ...samplingRateOf(configuration, timescale) }),
    };
    const wallClock = new TrackWallClock(this.#clock, timescale, this.#rebase);
    const period = this.#manifestPeriod();
    return this.folder.openTrack(period, kind, initialization, description, wallClock);
  }

  #manifestPeriod(): ManifestPeriod {
    this.#entry ??= this.folder.openPeriod(this.#reason);
    return this.#entry;
  }
}

/** Samples a second, where a file's ticks do not tell. */
function samplingRateOf(configuration: AudioConfiguration, { perSecond }: Timescale) {
  return perSecond === configuration.timescale ? {} : { samplingRate: configuration.timescale };
}
