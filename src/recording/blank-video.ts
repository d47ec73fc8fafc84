import type { BlankPictures } from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { TrackWriter } from './track-writer.ts';

/** Duration of a black picture. */
const PICTURE_TICKS: Ticks = TICKS_PER_SECOND;

/**
 * Black pictures for a Period with sound whose video does not arrive. A player that meets a Period
 * without video among others with video either gives up or plays only the sound; therefore all
 * Periods of a publisher have the kinds that it negotiated.
 */
export class BlankVideo {
  #pictures = 0;

  /**
   * Writes pictures up to a time.
   * @param writer of a Period with these pictures
   * @param from end of the previous picture
   * @param isLast the last picture ends exactly there; otherwise only whole pictures are written
   * @returns end of the last picture
   */
  fill(
    writer: TrackWriter,
    pictures: BlankPictures,
    from: Ticks,
    to: Ticks,
    isLast: boolean,
  ): Ticks {
    const { timescale } = writer;
    to = timescale.round(to);
    let time = timescale.ceil(from);
    while (time + (isLast ? timescale.step : PICTURE_TICKS) <= to) {
      const left = to - time;
      // No picture is shorter than half the usual duration, except in a Period that is shorter.
      const duration = left < PICTURE_TICKS * 1.5 && isLast ? left : PICTURE_TICKS;
      const parts = pictures.parts(this.#pictures++);
      writer.write({ start: time, end: time + duration, keyframe: true, parts });
      time += duration;
    }
    return time;
  }
}
