import {
  AUDIO_TIMESCALE,
  TICKS_PER_SECOND,
  type Ticks,
  type TrackTicks,
  toUs,
  type Us,
  VIDEO_TIMESCALE,
} from './media-time.ts';

/** The times that a track can express: whole ticks of its own, of which there are this many a second. */
export class Timescale {
  readonly perSecond: number;
  /** How long one of its own ticks is: the least that a sample can last. */
  readonly step: Ticks;

  /**
   * @param perSecond the track's own ticks a second
   * @throws RangeError where media time cannot express them
   */
  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.step = TICKS_PER_SECOND / perSecond;
    if (!(this.step > 0 && Number.isSafeInteger(this.step))) {
      throw new RangeError(`a timescale of ${perSecond} does not divide ${TICKS_PER_SECOND}`);
    }
  }

  /** The nearest time that the track can express. */
  round(ticks: Ticks): Ticks {
    // By way of µs, which decides about halves: files were always laid so.
    return this.at(toUs(ticks));
  }

  /** The first time, not before a given one, that the track can express. */
  ceil(ticks: Ticks): Ticks {
    return Math.ceil(ticks / this.step) * this.step;
  }

  /** The time nearest to an instant in µs that the track can express. */
  at(us: Us): Ticks {
    return Math.round((us / 1e6) * this.perSecond) * this.step;
  }

  /** The track's own ticks as media time. */
  toTicks(own: TrackTicks): Ticks {
    return own * this.step;
  }

  /** Media time as the track's own ticks, rounded. */
  ofTicks(ticks: Ticks): TrackTicks {
    return Math.round(ticks / this.step);
  }
}

/** Of H264, as of all video over RTP (RFC 6184 §8.2.1). */
export const H264_TIMESCALE = new Timescale(VIDEO_TIMESCALE);
/** Of Opus (RFC 7587 §4.1). */
export const OPUS_TIMESCALE = new Timescale(AUDIO_TIMESCALE);
