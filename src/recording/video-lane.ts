import type { Ticks } from '../media/media-time.ts';
import { BlankVideo } from './blank-video.ts';
import { CompositionOffsets } from './composition-offsets.ts';
import type { Picture } from './picture-order.ts';
import type { RunningPeriod } from './running-period.ts';

/**
 * Lays the pictures of a stream end to end over its Periods: each lasts until the next one, and
 * black is shown where there is only sound. All times are since the Unix epoch, unless stated
 * otherwise.
 */
export class VideoLane {
  readonly #blank = new BlankVideo();
  readonly #compositionOffsets = new CompositionOffsets();
  #end: Ticks;

  /** @param floor no sample may begin before this, the end of an earlier recording */
  constructor(floor: Ticks) {
    this.#end = floor;
  }

  /** End of the pictures laid so far. */
  get end(): Ticks {
    return this.#end;
  }

  /** Moves the end after the Period's times became final. @param ticks delay */
  shift(ticks: Ticks): void {
    this.#end += ticks;
  }

  /**
   * Lays a picture.
   * @param start of the picture, for the first one of a Period; others begin where the previous one
   * ended
   * @param base start of the track's own timeline
   */
  write(period: RunningPeriod, picture: Picture, start: Ticks, base: Ticks): void {
    const writer = period.video!;
    const { timescale } = writer;
    // The files may count in coarser ticks than the track, as WebM does, and black pictures before it end
    // at a time of the sound.
    const isFirst = writer.startTime === undefined;
    const time = isFirst ? timescale.ceil(Math.max(start, this.#end)) : this.#end;
    const { step } = timescale;
    const end = Math.max(timescale.round(base + picture.end), time + step);
    this.#end = end;
    const floor = writer.startTime ?? time;
    const offset = this.#compositionOffsets.of(picture, time, base, floor, step);
    this.#compositionOffsets.note(end - time);
    picture.start = time;
    picture.end = end;
    picture.compositionOffset = offset + period.compositionDelay;
    writer.write(picture);
  }

  /** Shows black while there is only sound. @param isLast end exactly there */
  fillBlank(period: RunningPeriod | undefined, to: Ticks, isLast: boolean): void {
    if (period?.blank === undefined || period.failed) return;
    const writer = period.video!;
    const start = writer.timescale.round(period.start);
    this.#end = this.#blank.fill(writer, period.blank, Math.max(this.#end, start), to, isLast);
  }
}
