import type { BlankPictures } from '../codecs/configuration.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { TrackWriter } from './track-writer.ts';

/** How long each black picture is shown. */
const PICTURE_TICKS: Ticks = TICKS_PER_SECOND;

/**
 * Black pictures for a Period whose picture does not come while its sound does. A player that meets a
 * Period without a picture among others with one either gives up or plays the sound alone
 * throughout; so all Periods of a publisher have the kinds that it agreed on.
 */
export class BlankVideo {
  #pictures = 0;

  /**
   * Writes pictures up to a time.
   * @param writer of a Period that has these pictures
   * @param from where the last one ended
   * @param isLast the last picture ends there; else whole ones are written, as many as fit
   * @returns where the last one ends now
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
      // No picture shorter than half of the usual time, but for a Period that is itself shorter.
      const duration = left < PICTURE_TICKS * 1.5 && isLast ? left : PICTURE_TICKS;
      const parts = pictures.parts(this.#pictures++);
      writer.write({ start: time, end: time + duration, keyframe: true, parts });
      time += duration;
    }
    return time;
  }
}
