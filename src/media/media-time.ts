import type { TrackKind } from './access-unit.ts';

/** Ticks a second of every video track: the clock rate of RTP video (RFC 6184 §8.2.1). */
export const VIDEO_TIMESCALE = 90_000;
/** Ticks a second of every audio track: the clock rate of Opus (RFC 7587 §4.1). */
export const AUDIO_TIMESCALE = 48_000;

/** Ticks a second of each track. */
export const TIMESCALE: Record<TrackKind, number> = {
  video: VIDEO_TIMESCALE,
  audio: AUDIO_TIMESCALE,
};

/** Ticks as µs, not rounded. @param timescale ticks a second */
export function toUs(ticks: number, timescale: number): number {
  return (ticks / timescale) * 1e6;
}

/** µs as ticks, not rounded. @param timescale ticks a second */
export function toTicks(us: number, timescale: number): number {
  return (us / 1e6) * timescale;
}

/** Ticks of the audio timescale at an instant. @param us µs since the Unix epoch */
export function audioTicks(us: number): number {
  return Math.round(toTicks(us, AUDIO_TIMESCALE));
}

/** Ticks of the video timescale at an instant. @param us µs since the Unix epoch */
export function videoTicks(us: number): number {
  return Math.round(toTicks(us, VIDEO_TIMESCALE));
}
