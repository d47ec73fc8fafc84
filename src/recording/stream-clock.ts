import type { FileClock } from '../day-folder/period-track.ts';
import {
  TICKS_PER_SECOND,
  type Ticks,
  type TrackTicks,
  toUs,
  type Us,
} from '../media/media-time.ts';
import type { Timescale } from '../media/timescale.ts';

/** Maximum rate at which the wall clock is followed. */
const MOST_SLOPE = 500e-6;
/** Interval between decisions about that rate, µs of media time. */
const STEP_US = 10_000_000;
/** An error is corrected within about this time, if the limit permits, µs. */
const SETTLE_US = 60_000_000;
/** Number of decisions that are kept: an hour, for segments that a slow disk has not closed yet. */
const MOST_KNOTS = 360;
/**
 * Files are moved in steps that can be expressed in the timescales of all tracks, so that an instant is the
 * same one in each folder; steps per second.
 */
const STEPS_PER_SECOND = 1000;

/** From an instant of media time on, the correction grows by `slope` µs per µs. */
interface Knot {
  us: number;
  correctionUs: number;
  slope: number;
}

/**
 * The media time of a stream, over all its publishers and recordings, and its relation to our wall
 * clock. Media time advances with the senders' clocks, which commonly deviate by 50 ppm, 4 s a day.
 * Media is never stretched or cut for that; instead each instant of media time has a correction,
 * the same for both tracks, which slowly follows the wall clock. The correction of an instant is
 * decided once, so segments that are consecutive in media time are consecutive on the wall clock.
 *
 * Only where a new folder begins, at midnight, the times in its files start at the wall clock
 * again.
 */
export class StreamClock {
  #knots: Knot[] = [{ us: 0, correctionUs: 0, slope: 0 }];
  /** The latest instant whose correction was used and can no longer change. */
  #askedUs = 0;
  #folder: string | undefined;
  #rebase: Ticks = 0;

  /** Wall clock of an instant, µs since the Unix epoch. @param us media time */
  wallUs(us: Us): Us {
    if (us > this.#askedUs) this.#askedUs = us;
    let at = this.#knots.length - 1;
    while (at > 0 && this.#knots[at]!.us > us) at--;
    return us + correction(this.#knots[at]!, us);
  }

  /** Media time of a present instant. @param nowUs wall clock, µs since the Unix epoch */
  mediaUs(nowUs: Us): Us {
    const { us, correctionUs, slope } = this.#knots.at(-1)!;
    return us + (nowUs - us - correctionUs) / (1 + slope);
  }

  /**
   * Present correction: wall clock minus media time, µs. @param nowUs wall clock, µs since the Unix
   * epoch
   */
  correctionUs(nowUs: Us): Us {
    return nowUs - this.mediaUs(nowUs);
  }

  /**
   * Moves the correction towards the wall clock; call it periodically.
   * @param nowUs wall clock, µs since the Unix epoch
   * @param errorUs measured wall clock minus media time; undefined if unknown
   */
  steer(nowUs: number, errorUs: number | undefined): void {
    const last = this.#knots.at(-1)!;
    const us = Math.max(this.mediaUs(nowUs), this.#askedUs);
    if (us - last.us < STEP_US) return;
    const correctionUs = correction(last, us);
    const wanted = errorUs === undefined ? 0 : (errorUs - correctionUs) / SETTLE_US;
    const slope = Math.max(-MOST_SLOPE, Math.min(wanted, MOST_SLOPE));
    this.#knots.push({ us, correctionUs, slope });
    if (this.#knots.length > MOST_KNOTS) this.#knots.shift();
  }

  /**
   * The offset of the files in a folder from media time: the correction when the stream reached the
   * folder, so that its files are in the folder's day. Both tracks have the same offset.
   * @param start media time of the first sample, if the folder is new
   */
  enter(folder: string, start: Ticks): Ticks {
    if (folder !== this.#folder) {
      this.#folder = folder;
      const us = toUs(start);
      const steps = Math.ceil(((this.wallUs(us) - us) / 1e6) * STEPS_PER_SECOND);
      this.#rebase = (steps * TICKS_PER_SECOND) / STEPS_PER_SECOND;
    }
    return this.#rebase;
  }
}

function correction({ us, correctionUs, slope }: Knot, at: number): number {
  return correctionUs + Math.max(0, at - us) * slope;
}

/** Wall clock of the file times of a track in a folder. */
export class TrackWallClock implements FileClock {
  readonly #clock: StreamClock;
  readonly #timescale: Timescale;
  readonly #rebase: Ticks;

  /** @param rebase offset of the folder's files from media time */
  constructor(clock: StreamClock, timescale: Timescale, rebase: Ticks) {
    this.#clock = clock;
    this.#timescale = timescale;
    this.#rebase = rebase;
  }

  /** See {@link FileClock.us}. */
  us(time: TrackTicks): Us {
    const mediaTime = this.#timescale.toTicks(time) - this.#rebase;
    return Math.round(this.#clock.wallUs(toUs(mediaTime)));
  }
}
