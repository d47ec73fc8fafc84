import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks, toUs, type Us } from '../media/media-time.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { AudioTrack } from './audio-track.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { ENDINGS, type Ending } from './period-reason.ts';
import type { Periods } from './periods.ts';
import { PictureWriter } from './picture-writer.ts';
import { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import { SoundWriter } from './sound-writer.ts';
import { StrayTimestamps } from './stray-timestamps.ts';
import type { VideoTrack } from './video-track.ts';

const KINDS: readonly TrackKind[] = ['video', 'audio'];

/** A place may be so much before the end of the sound before it by rounding and jitter: 20 ms. */
const TOLERANCE: Ticks = TICKS_PER_SECOND / 50;

/** Both tracks of a sender that restarts jump within this time, µs. */
const JUMPING_US = 500_000;

/** The options of a recording that its media needs. */
export type PublishedMediaOptions = Pick<
  RecordingOptions,
  'stream' | 'log' | 'now' | 'clock' | 'onLoss'
>;

/**
 * The media of a publisher, from its first access unit to its last, on its way to the Periods: each
 * unit gets its place and is passed on as picture or sound, and a track that begins a new timeline
 * ends the Period.
 */
export class PublishedMedia {
  readonly publisher: Publisher;
  readonly pictures: PictureWriter;
  readonly sound: SoundWriter;
  /** How often a track began a new timeline. */
  timelineRestarts = 0;
  readonly #periods: Periods;
  readonly #options: PublishedMediaOptions;
  readonly #silenceBefore: Ticks;
  readonly #timestamps: Partial<Record<TrackKind, StrayTimestamps>> = {};
  #restartedUs: Us = Number.NEGATIVE_INFINITY;

  /**
   * @param sections at most one per kind
   * @param requestKeyframe requests a keyframe from the publisher
   */
  constructor(
    sections: readonly MediaSection[],
    requestKeyframe: () => void,
    periods: Periods,
    dropped: DroppedUnits,
    options: PublishedMediaOptions,
  ) {
    this.#options = options;
    this.#periods = periods;
    this.publisher = new Publisher(sections, dropped, requestKeyframe, options);
    this.sound = new SoundWriter(this.publisher, periods, dropped, options);
    this.pictures = new PictureWriter(this.publisher, periods, this.sound, dropped, options);
    this.#silenceBefore = periods.audio.silence;
    const { video, audio } = this.publisher;
    if (video) this.#timestamps.video = this.#check('video', video);
    if (audio) this.#timestamps.audio = this.#check('audio', audio);
    if (video) this.publisher.askForKeyframe(options.now());
  }

  /** Duration of lost media of a track that is concealed, ms. */
  concealedMs(kind: TrackKind): number {
    const silence = this.#periods.audio.silence - this.#silenceBefore;
    const held = this.publisher.video?.heldTicks ?? 0;
    return Math.round(toUs(kind === 'video' ? held : silence) / 1000);
  }

  /**
   * Takes the next unit of a track; it is written at once, or as soon as its timestamp is certain.
   */
  accept(kind: TrackKind, unit: AccessUnit): void {
    const { audio } = this.publisher;
    if (kind === 'audio' && audio && audio.codec !== unit.codec)
      this.#changeSound(audio, unit.codec);
    this.#timestamps[kind]?.push(unit);
    this.#placeAll(kind);
  }

  /** Writes the units that wait for another one to confirm their timestamps. */
  flush(): void {
    for (const kind of KINDS) {
      this.#timestamps[kind]?.flush();
      this.#placeAll(kind);
    }
  }

  #placeAll(kind: TrackKind): void {
    const timestamps = this.#timestamps[kind];
    if (timestamps === undefined) return;
    const { timescale } = this.publisher.track(kind)!;
    for (let unit = timestamps.next(); unit; unit = timestamps.next()) {
      this.#take(kind, unit, timescale.toTicks(timestamps.ticks));
    }
  }

  /** Passes on a unit with its place. @param time on its track's own timeline */
  #take(kind: TrackKind, unit: AccessUnit, time: Ticks): void {
    const { video, audio, timeline } = this.publisher;
    if (!timeline.isAnchored(kind)) this.#anchor(kind, unit.arrivalUs);
    if (kind === 'video') {
      if (video) this.pictures.take(video, unit, time);
    } else {
      // Silence is laid two seconds behind the present where no sound comes.
      const isFilled = timeline.base('audio') + time + TOLERANCE < this.#periods.audio.end;
      if (isFilled) time += timeline.goOnAfterSilence('audio', unit.arrivalUs);
      const packet = audio?.push(unit, time);
      if (packet) this.sound.take(packet);
    }
  }

  /** Places a track in media time. @param arrivalUs of its first unit, µs */
  #anchor(kind: TrackKind, arrivalUs: Us): void {
    const correctionUs = this.#options.clock.correctionUs(arrivalUs);
    this.publisher.timeline.anchor(kind, arrivalUs, correctionUs);
  }

  #jump(kind: TrackKind): void {
    this.#options.log.warn({ stream: this.#options.stream, kind }, 'timestamps jump, new Period');
    this.restart(kind);
  }

  /**
   * A track begins a new timeline: the Period ends, so that the timelines are not mixed. The other
   * track restarts too if its timestamps have just jumped.
   */
  restart(kind: TrackKind): void {
    const { publisher } = this;
    if (publisher.track(kind) === undefined) return;
    const now = this.#options.now();
    this.timelineRestarts++;
    this.endPeriod(ENDINGS.timelineRestarted, kind === 'video' && publisher.audio !== undefined);
    if (kind === 'video') publisher.askForKeyframe(now);
    else publisher.waiting.restart();
    this.#restartedUs = now;
    publisher.track(kind)?.restart();
    const other = kind === 'video' ? 'audio' : 'video';
    if (this.#timestamps[other]?.confirm()) this.#placeAll(other);
  }

  /** The codec of the sound changes: the Period ends with the media of the previous codec. */
  #changeSound(audio: AudioTrack, codec: string): void {
    this.#timestamps.audio?.flush();
    this.#placeAll('audio');
    this.endPeriod(ENDINGS.soundCodecChanged);
    this.publisher.waiting.restart();
    audio.changeCodec(codec);
    if (this.publisher.video) this.publisher.askForKeyframe(this.#options.now());
  }

  /**
   * Writes all media that has arrived and ends the Period; later media begins another.
   * @param soundGoesOn see {@link Periods.end}
   */
  endPeriod(reason: Ending, soundGoesOn = false): void {
    const { waiting } = this.publisher;
    this.sound.finish();
    const picture = this.pictures.finish();
    if (picture) {
      // Without a Period, nothing of this publisher's sound was written before.
      const written = this.#periods.current && this.#periods.audio.end;
      this.pictures.writeLast(picture, waiting.last?.end ?? written);
    }
    this.sound.write(true);
    this.#periods.end(this.publisher, reason, soundGoesOn);
  }

  /** Places what has waited long enough, and synchronizes the tracks' clocks. */
  tick(nowUs: number): void {
    this.#periods.settle(this.publisher, false);
    for (const kind of KINDS) {
      this.#timestamps[kind]?.tick(nowUs);
      this.#placeAll(kind);
    }
    this.publisher.timeline.tick(nowUs);
  }

  #check(kind: TrackKind, track: VideoTrack | AudioTrack): StrayTimestamps {
    return new StrayTimestamps(track, {
      onJump: () => this.#jump(kind),
      isJumping: (nowUs) => nowUs - this.#restartedUs < JUMPING_US,
    });
  }
}
