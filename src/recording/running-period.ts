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
import type { TrackKind } from '../media/access-unit.ts';
import { type Ticks, toUs } from '../media/media-time.ts';
import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';
import { shownSize } from '../media/shown-size.ts';
import { Timescale } from '../media/timescale.ts';
import { type StreamClock, TrackWallClock } from './stream-clock.ts';
import type { StreamTimeline } from './stream-timeline.ts';
import { TrackWriter } from './track-writer.ts';

/** Maximum time after midnight for which a segment of the previous day stays open, µs. */
const MOST_LATE_US = 60_000_000;

/** The pictures of a Period. */
export interface PeriodPictures {
  configuration: VideoConfiguration;
  /** Added to all composition offsets; 0 without reordering. */
  compositionDelay: Ticks;
  /** How they are to be shown. */
  orientation: PictureOrientation;
  /** Present for black pictures in place of the publisher's. */
  blank?: BlankPictures;
}

/** Options of a {@link RunningPeriod}. */
export interface RunningPeriodOptions {
  folder: PresentationFolder;
  /** Why it begins. */
  reason: PeriodReason;
  queue: WriteQueue;
  segmentSeconds: number;
  /** Media time at which it begins. */
  start: Ticks;
  /** Ends of what was written of each kind before it. */
  ends: Record<TrackKind, Ticks>;
  clock: StreamClock;
  /** Decides when the places of its tracks are final. */
  timeline: StreamTimeline;
  /** Present if it has video. */
  pictures: PeriodPictures | undefined;
  /** Present if it has audio. */
  sound: AudioConfiguration | undefined;
  requestKeyframe(): void;
  /** Called for each segment that was written successfully. */
  onCommitted(): void;
}

/**
 * A Period that is being recorded: a stretch of a presentation in which the tracks, their codec
 * configuration and their clocks stay the same (ISO/IEC 23009-1 §5.3.2).
 */
export class RunningPeriod implements WriteOwner {
  failed = false;
  readonly folder: PresentationFolder;
  /** Media time: later audio belongs to this Period. */
  readonly start: Ticks;
  /** Configuration of its pictures; undefined without any. */
  readonly configuration: VideoConfiguration | undefined;
  /** Its black pictures, if it has those. */
  readonly blank: BlankPictures | undefined;
  /** Configuration of its sound; undefined without any. */
  readonly sound: AudioConfiguration | undefined;
  /** Added to the composition offsets of its pictures. */
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
    for (const writer of this.writers) this.#timeline.adopt(writer, options.ends[writer.kind]);
  }

  /** True if the publisher's pictures belong here; false without pictures or with black ones. */
  get hasPicture(): boolean {
    return this.video !== undefined && this.blank === undefined;
  }

  /** The writers of its tracks. */
  get writers(): TrackWriter[] {
    return [this.video, this.audio].filter((writer) => writer !== undefined);
  }

  /**
   * After a failed write: accepts nothing more. {@link RunningPeriod.salvage} handles what is on
   * disk.
   */
  giveUp(): void {
    this.failed = true;
    this.folder.distrust();
    for (const writer of this.writers) this.#timeline.abandon(writer);
  }

  /**
   * After a failed write: commits the complete chunks on disk. No file stays open.
   * @param onFailure called for each segment for which even that fails
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
   * After midnight, the Period and its segments continue until the next keyframe: a segment that
   * began in between would be in the wrong day. Without a keyframe for long, they are cut
   * nevertheless.
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

/** Sampling rate in Hz, if it differs from the timescale of the file. */
function samplingRateOf(configuration: AudioConfiguration, { perSecond }: Timescale) {
  return perSecond === configuration.timescale ? {} : { samplingRate: configuration.timescale };
}
