import type { AccessUnit } from '../media/access-unit.ts';
import type { Ticks } from '../media/media-time.ts';
import type { DroppedUnits } from './dropped-units.ts';
import { periodReason } from './period-reason.ts';
import type { Periods } from './periods.ts';
import type { Picture } from './picture-order.ts';
import type { Publisher } from './publisher.ts';
import type { RecordingOptions } from './recording-options.ts';
import type { SoundWriter } from './sound-writer.ts';
import type { VideoTrack } from './video-track.ts';

/**
 * Writes the pictures of a publisher to the Periods. A picture at which decoding can start begins a
 * new Period if one is due; the sound that waited for a picture follows it.
 */
export class PictureWriter {
  readonly #publisher: Publisher;
  readonly #periods: Periods;
  readonly #sound: SoundWriter;
  readonly #dropped: DroppedUnits;
  readonly #options: Pick<RecordingOptions, 'clock' | 'now'>;

  constructor(
    publisher: Publisher,
    periods: Periods,
    sound: SoundWriter,
    dropped: DroppedUnits,
    options: Pick<RecordingOptions, 'clock' | 'now'>,
  ) {
    this.#publisher = publisher;
    this.#periods = periods;
    this.#sound = sound;
    this.#dropped = dropped;
    this.#options = options;
  }

  /** Takes the next access unit. @param shown its presentation time on the track's own timeline */
  take(video: VideoTrack, unit: AccessUnit, shown: Ticks): void {
    video.push(unit, shown);
    for (let each = video.next(); each; each = video.next()) {
      this.#write(each);
      const { current } = this.#periods;
      if (video.isKeyframeNext && current?.hasPicture) current.video!.expectKeyframe();
    }
  }

  /** Writes the waiting pictures except the last one, which is returned. */
  finish(): Picture | undefined {
    const { clock, now } = this.#options;
    const { video, timeline } = this.#publisher;
    if (video === undefined) return undefined;
    const mediaTime = video.timescale.at(clock.mediaUs(now()));
    const present = mediaTime - timeline.base('video');
    for (let picture = video.finish(present); picture; picture = video.finish(present)) {
      if (!video.isWaiting) return picture;
      this.#write(picture);
    }
    return undefined;
  }

  /**
   * Writes the last picture; it is shown for as long as there is sound.
   * @param soundEnd undefined without sound
   */
  writeLast(picture: Picture, soundEnd: Ticks | undefined): void {
    const { video, timeline } = this.#publisher;
    if (soundEnd !== undefined) {
      const end = video!.timescale.round(soundEnd);
      picture.end = Math.max(picture.end, end - timeline.base('video'));
    }
    picture.leading = 'none';
    this.#write(picture);
  }

  #write(picture: Picture): void {
    const periods = this.#periods;
    const base = this.#publisher.timeline.base('video');
    let start = base + picture.start;
    const reason = periodReason(periods, picture, start);
    if (reason !== undefined) {
      const { configuration, compositionDelay, orientation } = picture;
      if (configuration === undefined || !periods.mayWrite()) {
        this.#drop();
        return;
      }
      if (this.#publisher.video?.startWith(picture)) return;
      start = this.#alignedStart(start);
      const pictures = { configuration, compositionDelay, orientation };
      periods.begin(reason, this.#publisher, start, pictures);
    }
    periods.video.write(periods.current!, picture, start, base);
    this.#sound.write(false);
  }

  /** No Period can receive the picture. */
  #drop(): void {
    if (this.#periods.mayWrite()) {
      this.#dropped.undecodable++;
      this.#publisher.video?.freeze();
    } else this.#dropped.unwritten++;
    this.#publisher.askForKeyframe(this.#options.now());
  }

  /**
   * Start of the first picture of a Period: extended to include earlier sound, which would be lost
   * otherwise, and not before sound that is already written.
   * @param start of the picture
   */
  #alignedStart(start: Ticks): Ticks {
    const { current, audio, video } = this.#periods;
    const { timescale } = this.#publisher.video!;
    const first = this.#publisher.waiting.first;
    if (current === undefined && first !== undefined) {
      start = Math.min(start, timescale.round(first.start));
    }
    if (!current?.hasPicture && this.#publisher.audio !== undefined) {
      start = Math.max(start, timescale.round(audio.end));
    }
    return Math.max(start, timescale.ceil(video.end));
  }
}
