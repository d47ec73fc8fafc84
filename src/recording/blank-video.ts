import { BLANK_CONFIGURATION, blankPicture } from '../codecs/h264/blank-picture.ts';
import { VIDEO_TIMESCALE } from '../media/media-time.ts';
import type { RunningPeriod } from './running-period.ts';

/** Each black picture is shown for so long, ticks. */
const PICTURE_TICKS = VIDEO_TIMESCALE;

/**
 * Black pictures for a Period whose picture does not come while its sound does. A player that meets a
 * Period without a picture among others with one either gives up or plays the sound alone
 * throughout; so all Periods of a publisher have the kinds that it agreed on.
 */
export class BlankVideo {
  #pictures = 0;

  /** True for the configuration of a Period that has black pictures. */
  static isOf({ configuration }: RunningPeriod): boolean {
    return configuration === BLANK_CONFIGURATION;
  }

  /**
   * Writes pictures up to a time.
   * @param from where the last one ended, ticks; so is the result
   * @param to ticks
   * @param isLast the last picture ends there; else whole ones are written, as many as fit
   */
  fill(period: RunningPeriod, from: number, to: number, isLast: boolean): number {
    let time = from;
    while (time + (isLast ? 1 : PICTURE_TICKS) <= to) {
      const left = to - time;
      // No picture shorter than half of the usual time, but for a Period that is itself shorter.
      const duration = left < PICTURE_TICKS * 1.5 && isLast ? left : PICTURE_TICKS;
      const parts = [blankPicture(this.#pictures++)];
      period.video!.write({ time, duration, keyframe: true, parts });
      time += duration;
    }
    return time;
  }
}
