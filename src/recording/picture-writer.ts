import type { AccessUnit } from '../media/access-unit.ts';
import { AUDIO_TIMESCALE, toUs, VIDEO_TIMESCALE, videoTicks } from '../media/media-time.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { periodReason } from './period-reason.ts';
import type { Periods } from './periods.ts';
import type { Picture } from './picture-order.ts';
import type { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import type { SoundWriter } from './sound-writer.ts';
import type { VideoTrack } from './video-track.ts';

/**
 * Writes the pictures of one publisher into the Periods. A picture that decoding can start with begins
 * a new one where that is due; the sound that waited for a picture follows it.
 */
export class PictureWriter {
  readonly #publisher: Publisher;
  readonly #periods: Periods;
  readonly #sound: SoundWriter;
  readonly #dropped: DroppedUnits;
  readonly #options: RecordingOptions;

  constructor(
    publisher: Publisher,
    periods: Periods,
    sound: SoundWriter,
    dropped: DroppedUnits,
    options: RecordingOptions,
  ) {
    this.#publisher = publisher;
    this.#periods = periods;
    this.#sound = sound;
    this.#dropped = dropped;
    this.#options = options;
  }

  /** Takes the next access unit. @param ticks its presentation time on the track's own timeline */
  take(video: VideoTrack, unit: AccessUnit, ticks: number): void {
    video.push(unit, ticks);
    for (let each = video.next(); each; each = video.next()) this.#write(each);
  }

  /** Writes the pictures that still wait, but for the last one, which is returned. */
  finish(): Picture | undefined {
    const { clock, now } = this.#options;
    const { video, timeline } = this.#publisher;
    const left = video?.finish(videoTicks(clock.mediaUs(now())) - timeline.base('video')) ?? [];
    const last = left.pop();
    for (const picture of left) this.#write(picture);
    return last;
  }

  /**
   * Writes a picture that none follows; it stays for as long as there is sound.
   * @param soundEnd audio ticks; undefined where there is none
   */
  writeLast(picture: Picture, soundEnd: number | undefined): void {
    if (soundEnd !== undefined) {
      const end = videoTicks(toUs(soundEnd, AUDIO_TIMESCALE));
      picture.end = Math.max(picture.end, end - this.#publisher.timeline.base('video'));
    }
    this.#write(picture);
  }

  #write(picture: Picture): void {
    const periods = this.#periods;
    const base = this.#publisher.timeline.base('video');
    let start = base + picture.start;
    const reason = periodReason(periods, picture, toUs(start, VIDEO_TIMESCALE));
    if (reason !== undefined) {
      const { configuration, compositionDelay } = picture;
      if (configuration === undefined || !periods.mayWrite()) {
        this.#drop();
        return;
      }
      start = this.#alignedStart(start);
      const startUs = toUs(start, VIDEO_TIMESCALE);
      periods.begin(reason, this.#publisher, startUs, configuration, compositionDelay);
    }
    periods.video.write(periods.current!, picture, start, base);
    this.#sound.write(false);
  }

  /** There is no Period that a picture could be written to. */
  #drop(): void {
    if (this.#periods.mayWrite()) {
      this.#dropped.undecodable++;
      this.#publisher.video?.freeze();
    } else this.#dropped.unwritten++;
    this.#publisher.askForKeyframe(this.#options.now());
  }

  /**
   * Where the first picture of a Period begins: with the sound that was there before it, which would
   * be lost otherwise, and not before sound that is written already.
   * @param start of the picture, ticks; so is the result
   */
  #alignedStart(start: number): number {
    const { current, audio, video } = this.#periods;
    const first = this.#publisher.waiting.first;
    if (current === undefined && first !== undefined) {
      start = Math.min(start, videoTicks(toUs(first.start, AUDIO_TIMESCALE)));
    }
    if (!current?.hasPicture && this.#publisher.audio !== undefined) {
      start = Math.max(start, videoTicks(toUs(audio.end, AUDIO_TIMESCALE)));
    }
    return Math.max(start, video.end);
  }
}
