import type { TrackKind } from './access-unit.ts';

declare const unit: unique symbol;

/**
 * Media time, and stretches of it: ticks of 1/720,000 s, since the Unix epoch or on a track's own
 * timeline. All that tracks count in divides it: 90 kHz, 48 kHz, 8 kHz, and the milliseconds of WebM. So
 * the times of any two tracks can be compared and added up as they are, exactly: the present is at
 * 1.3e15, and integers go to 9e15.
 *
 * A plain number is taken for any unit; a value of another unit is not.
 */
export type Ticks = number & { readonly [unit]?: 'ticks' };

/** Wall-clock time in µs since the Unix epoch, and stretches of it. */
export type Us = number & { readonly [unit]?: 'µs' };

/** Ticks of a track's own `Timescale`, as in RTP timestamps and files. */
export type TrackTicks = number & { readonly [unit]?: 'ticks of the track' };

/** Ticks a second of media time. */
export const TICKS_PER_SECOND = 720_000;

/** Ticks as µs, not rounded. */
export function toUs(ticks: Ticks): Us {
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** A track's own ticks as µs, not rounded. @param perSecond its timescale */
export function trackTicksToUs(own: TrackTicks, perSecond: number): Us {
  return (own / perSecond) * 1e6;
}

/** µs as ticks, not rounded. */
export function toTicks(us: Us): Ticks {
  return (us / 1e6) * TICKS_PER_SECOND;
}

/** Ticks a second of every video track: the clock rate of RTP video (RFC 6184 §8.2.1). */
export const VIDEO_TIMESCALE = 90_000;
/** Ticks a second of every audio track: the clock rate of Opus (RFC 7587 §4.1). */
export const AUDIO_TIMESCALE = 48_000;

/** Ticks a second of each track. */
export const TIMESCALE: Record<TrackKind, number> = {
  video: VIDEO_TIMESCALE,
  audio: AUDIO_TIMESCALE,
};
