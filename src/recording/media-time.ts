import { AUDIO_TIMESCALE, VIDEO_TIMESCALE } from '../container/initialization-segment.ts';
import type { TrackKind } from '../rtp/access-unit.ts';

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
