import type { TrackKind } from './access-unit.ts';

declare const unit: unique symbol;

/**
 * Media time, and durations: ticks of 1/720,000 s, since the Unix epoch or on a track's own
 * timeline. All timescales of tracks divide it: 90 kHz, 48 kHz, 8 kHz, and the milliseconds of
 * WebM. So the times of any two tracks can be compared and added exactly: the present is at 1.3e15,
 * and integers are exact up to 9e15.
 *
 * The type accepts plain numbers, but not values in another unit.
 */
export type Ticks = number & { readonly [unit]?: 'ticks' };

/** Wall-clock time in µs since the Unix epoch, and durations. */
export type Us = number & { readonly [unit]?: 'µs' };

/** Ticks of a track's own `Timescale`, as in RTP timestamps and files. */
export type TrackTicks = number & { readonly [unit]?: 'ticks of the track' };

/** Ticks of media time per second. */
export const TICKS_PER_SECOND = 720_000;

/** Converts ticks to µs, not rounded. */
export function toUs(ticks: Ticks): Us {
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Converts a track's own ticks to µs, not rounded. @param perSecond its timescale */
export function trackTicksToUs(own: TrackTicks, perSecond: number): Us {
  return (own / perSecond) * 1e6;
}

/** Converts µs to ticks, not rounded. */
export function toTicks(us: Us): Ticks {
  return (us / 1e6) * TICKS_PER_SECOND;
}

/** Timescale of every video track: the clock rate of RTP video (RFC 6184 §8.2.1), Hz. */
export const VIDEO_TIMESCALE = 90_000;
/** Timescale of every audio track: the clock rate of Opus (RFC 7587 §4.1), Hz. */
export const AUDIO_TIMESCALE = 48_000;

/** Timescale of each kind of track, ticks per second. */
export const TIMESCALE: Record<TrackKind, number> = {
  video: VIDEO_TIMESCALE,
  audio: AUDIO_TIMESCALE,
};
