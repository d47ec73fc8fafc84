import { AUDIO_TIMESCALE, toUs, VIDEO_TIMESCALE, videoTicks } from '../media/media-time.ts';
import { BlankVideo } from './blank-video.ts';
import { CompositionOffsets } from './composition-offsets.ts';
import type { Picture } from './picture-order.ts';
import type { RunningPeriod } from './running-period.ts';

/**
 * Lays the pictures of a stream end to end over its Periods: each has a place until the next
 * one's, and black is shown where there is sound alone. All times are ticks of the video timescale since the Unix epoch
 * unless said otherwise.
 */
export class VideoLane {
  readonly #blank = new BlankVideo();
  readonly #compositionOffsets = new CompositionOffsets();
  #end: number;

  /** @param floor no sample may begin before this; the end of an earlier recording */
  constructor(floor: number) {
    this.#end = floor;
  }

  /** End of what was laid so far. */
  get end(): number {
    return this.#end;
  }

  /** Moves the end after the Period's times were settled. @param ticks how much later */
  shift(ticks: number): void {
    this.#end += ticks;
  }

  /**
   * Lays one picture.
   * @param start of the picture, for the first one of a Period; others begin where the one before ended
   * @param base ticks between the track's own timeline and the Unix epoch
   */
  write(period: RunningPeriod, picture: Picture, start: number, base: number): void {
    const writer = period.video!;
    const time = writer.startTime === undefined ? start : this.#end;
    const end = Math.max(base + picture.end, time + 1);
    this.#end = end;
    const duration = end - time;
    const floor = writer.startTime ?? time;
    const offset = this.#compositionOffsets.of(picture, time, base, floor);
    this.#compositionOffsets.note(duration);
    const compositionOffset = offset + period.compositionDelay;
    const { keyframe, isRecoveryPoint, parts } = picture;
    writer.write({ time, duration, compositionOffset, keyframe, isRecoveryPoint, parts });
  }

  /** Shows black while there is sound alone. @param to audio ticks @param isLast ends there */
  fillBlank(period: RunningPeriod | undefined, to: number, isLast: boolean): void {
    if (period === undefined || period.failed || !BlankVideo.isOf(period)) return;
    const from = Math.max(this.#end, videoTicks(period.startUs));
    const end = videoTicks(toUs(to, AUDIO_TIMESCALE));
    this.#end = this.#blank.fill(period, from, end, isLast);
  }

  /** Media time of the end, µs since the Unix epoch. */
  get endUs(): number {
    return toUs(this.#end, VIDEO_TIMESCALE);
  }
}
