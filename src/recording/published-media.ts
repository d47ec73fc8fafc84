import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import { type Ticks, toUs, type Us } from '../media/media-time.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import type { DroppedUnits } from './dropped-units.ts';
import type { PeriodReason } from './period-reason.ts';
import type { Periods } from './periods.ts';
import { PictureWriter } from './picture-writer.ts';
import { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import { SoundWriter } from './sound-writer.ts';

/**
 * What one publisher sends, from its first access unit to its last, on its way into the Periods: each
 * unit that has its place goes to the pictures or to the sound, and a track that begins a new timeline
 * ends the Period.
 */
export class PublishedMedia {
  /** The publisher: units are given to it, and come back with their places. */
  readonly publisher: Publisher;
  readonly pictures: PictureWriter;
  readonly sound: SoundWriter;
  /** Times that a track began a new timeline. */
  timelineRestarts = 0;
  readonly #periods: Periods;
  readonly #options: RecordingOptions;
  readonly #silenceBefore: Ticks;

  /**
   * @param sections at most one a kind
   * @param requestKeyframe asks the publisher for a keyframe
   */
  constructor(
    sections: readonly MediaSection[],
    requestKeyframe: () => void,
    periods: Periods,
    dropped: DroppedUnits,
    options: RecordingOptions,
  ) {
    const events = {
      requestKeyframe,
      onUnit: (kind: TrackKind, unit: AccessUnit, time: Ticks) => this.#take(kind, unit, time),
      onJump: (kind: TrackKind) => this.#jump(kind),
    };
    this.#options = options;
    this.#periods = periods;
    this.publisher = new Publisher(sections, dropped, events, options);
    this.sound = new SoundWriter(this.publisher, periods, dropped, options);
    this.pictures = new PictureWriter(this.publisher, periods, this.sound, dropped, options);
    this.#silenceBefore = periods.audio.silence;
    if (this.publisher.video) this.publisher.askForKeyframe(options.now());
  }

  /** Time for which something else stands in for lost media of a track, ms. */
  concealedMs(kind: TrackKind): number {
    const silence = this.#periods.audio.silence - this.#silenceBefore;
    const held = this.publisher.video?.heldTicks ?? 0;
    return Math.round(toUs(kind === 'video' ? held : silence) / 1000);
  }

  /** Takes a unit that has its place. @param time on its track's own timeline */
  #take(kind: TrackKind, unit: AccessUnit, time: Ticks): void {
    const { video, audio, timeline } = this.publisher;
    if (!timeline.isAnchored(kind)) this.#anchor(kind, unit.arrivalUs);
    if (kind === 'video') {
      if (video) this.pictures.take(video, unit, time);
    } else {
      const packet = audio?.push(unit, time);
      if (packet) this.sound.take(packet);
    }
  }

  /** Gives a track its place in media time. @param arrivalUs of its first unit */
  #anchor(kind: TrackKind, arrivalUs: Us): void {
    const { video, audio } = this.#periods;
    const correctionUs = this.#options.clock.correctionUs(arrivalUs);
    const ends = { video: video.end, audio: audio.end };
    this.publisher.timeline.anchor(kind, arrivalUs, ends, correctionUs);
  }

  #jump(kind: TrackKind): void {
    this.#options.log.warn({ stream: this.#options.stream, kind }, 'timestamps jump, new Period');
    this.restart(kind);
  }

  /** A track begins a new timeline: the Period ends, and nothing of the old one may mix with it. */
  restart(kind: TrackKind): void {
    const { publisher } = this;
    if (publisher.track(kind) === undefined) return;
    const now = this.#options.now();
    this.timelineRestarts++;
    this.endPeriod('timeline-restart');
    if (kind === 'video') publisher.askForKeyframe(now);
    else publisher.waiting.restart();
    publisher.restart(kind, now);
  }

  /** Writes all that came and ends the Period; what comes later begins another. */
  endPeriod(reason: PeriodReason): void {
    const { waiting } = this.publisher;
    this.sound.finish();
    const picture = this.pictures.finish();
    if (picture) {
      // Nothing was written of this publisher's sound before the Period, if there is none.
      const written = this.#periods.current && this.#periods.audio.end;
      this.pictures.writeLast(picture, waiting.last?.end ?? written);
    }
    this.sound.write(true);
    this.#periods.end(this.publisher, reason);
  }

  /** Places what has waited long enough, and brings the tracks' clocks into step. */
  tick(nowUs: number): void {
    this.#periods.settle(this.publisher, false);
    this.publisher.tick(nowUs);
    this.publisher.timeline.tick(nowUs);
  }
}
