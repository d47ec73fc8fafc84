import {
  AUDIO_TIMESCALE,
  TICKS_PER_SECOND,
  type Ticks,
  type TrackTicks,
  toUs,
  type Us,
  VIDEO_TIMESCALE,
} from './media-time.ts';

/** The times that a track can represent: integer numbers of its own ticks. */
export class Timescale {
  readonly perSecond: number;
  /** Duration of one tick: the minimum duration of a sample. */
  readonly step: Ticks;

  /**
   * @param perSecond the track's ticks per second
   * @throws RangeError if they cannot be represented in media time
   */
  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.step = TICKS_PER_SECOND / perSecond;
    if (!(this.step > 0 && Number.isSafeInteger(this.step))) {
      throw new RangeError(`a timescale of ${perSecond} does not divide ${TICKS_PER_SECOND}`);
    }
  }

  /** The nearest time that the track can represent. */
  round(ticks: Ticks): Ticks {
    // Rounded via µs, which decides in the middle between two ticks: existing recordings were
    // rounded this way.
    return this.at(toUs(ticks));
  }

  /** The first time, not before the given one, that the track can represent. */
  ceil(ticks: Ticks): Ticks {
    return Math.ceil(ticks / this.step) * this.step;
  }

  /** The time nearest to an instant in µs that the track can represent. */
  at(us: Us): Ticks {
    return Math.round((us / 1e6) * this.perSecond) * this.step;
  }

  /** Converts the track's own ticks to media time. */
  toTicks(own: TrackTicks): Ticks {
    return own * this.step;
  }

  /** Converts media time to the track's own ticks, rounded. */
  ofTicks(ticks: Ticks): TrackTicks {
    return Math.round(ticks / this.step);
  }
}

/** Timescale of H264, and of all video over RTP (RFC 6184 §8.2.1). */
export const H264_TIMESCALE = new Timescale(VIDEO_TIMESCALE);
/** Timescale of Opus (RFC 7587 §4.1). */
export const OPUS_TIMESCALE = new Timescale(AUDIO_TIMESCALE);
