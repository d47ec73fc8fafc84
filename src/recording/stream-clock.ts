import type { FileClock } from '../day-folder/period-track.ts';
import {
  TICKS_PER_SECOND,
  type Ticks,
  type TrackTicks,
  toUs,
  type Us,
} from '../media/media-time.ts';
import type { Timescale } from '../media/timescale.ts';

/** The wall clock is followed by at most this part of the time that has passed. */
const MOST_SLOPE = 500e-6;
/** How fast it is followed is decided this often, µs of media time. */
const STEP_US = 10_000_000;
/** An error is made good within about this time, as far as the limit allows, µs. */
const SETTLE_US = 60_000_000;
/** Decisions that are kept: an hour, for segments that a slow disk has not closed yet. */
const MOST_KNOTS = 360;
/** Files are moved in steps that the timescales of H264 and Opus can both express; steps a second. */
const STEPS_PER_SECOND = 6000;

/** From an instant of media time on, the correction grows by `slope` µs a µs. */
interface Knot {
  us: number;
  correctionUs: number;
  slope: number;
}

/**
 * The media time of one stream, over all its publishers and recordings, and where it lies on our
 * wall clock. Media time goes on by the senders' clocks: 50 ppm of a crystal, which is usual, are
 * 4 s a day. What is recorded is never bent or cut for that; instead each instant of media time has a
 * correction, the same for both tracks, which follows the wall clock slowly. Segments of one track
 * that follow each other in media time follow each other on the wall clock, since the correction of
 * an instant is decided once.
 *
 * Only where a new folder begins, at midnight, the times in its files begin at the wall clock again.
 */
export class StreamClock {
  #knots: Knot[] = [{ us: 0, correctionUs: 0, slope: 0 }];
  /** The latest instant whose correction was asked for: it may not change any more. */
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

  /** Media time at an instant of the present. @param nowUs wall clock, µs since the Unix epoch */
  mediaUs(nowUs: Us): Us {
    const { us, correctionUs, slope } = this.#knots.at(-1)!;
    return us + (nowUs - us - correctionUs) / (1 + slope);
  }

  /** What is to be added to media time at present, µs. @param nowUs wall clock */
  correctionUs(nowUs: Us): Us {
    return nowUs - this.mediaUs(nowUs);
  }

  /**
   * Turns the correction towards where the wall clock is; call now and then.
   * @param nowUs wall clock, µs since the Unix epoch
   * @param errorUs wall clock minus media time as measured now; undefined when there is no telling
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
   * What files of a folder add to media time: the correction that was true when the stream came to it,
   * so that its files lie in the folder's day. Both tracks add the same.
   * @param start media time of the first sample, if the folder is a new one
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

/** Wall clock of file times of one track in one folder. */
export class TrackWallClock implements FileClock {
  readonly #clock: StreamClock;
  readonly #timescale: Timescale;
  readonly #rebase: Ticks;

  /** @param rebase what the folder's files add to media time */
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
