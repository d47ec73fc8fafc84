import type {
  ManifestPeriod,
  ManifestTrack,
  Presentation,
} from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';

/** UTC midnight that the presentations of these tests belong to, µs since the Unix epoch. */
export const DAY_US = Date.UTC(2025, 6, 24) * 1000;

/** A video track whose segments lie back to back; start in µs since midnight, durations in ticks. */
export function videoTrack(startUs: number, durations: number[]): ManifestTrack {
  return {
    kind: 'video',
    container: 'mp4',
    codecs: 'avc1.42e01f',
    timescale: 90_000,
    initialization: 'init.m4s',
    startNumber: 1,
    width: 1280,
    height: 720,
    timeline: timeline(startUs, 90_000, durations),
    bytes: 250_000 * durations.length,
  };
}

/** An audio track whose segments lie back to back; start in µs since midnight, durations in ticks. */
export function audioTrack(startUs: number, durations: number[]): ManifestTrack {
  return {
    kind: 'audio',
    container: 'mp4',
    codecs: 'opus',
    timescale: 48_000,
    initialization: 'audio_init.m4s',
    startNumber: 1,
    channels: 2,
    timeline: timeline(startUs, 48_000, durations),
    bytes: 7_001 * durations.length,
  };
}

/** A presentation of the day. */
export function presentation(periods: ManifestPeriod[], live: boolean): Presentation {
  return { dayStartUs: DAY_US, live, segmentSeconds: 10, periods };
}

function timeline(startUs: number, timescale: number, durations: number[]): SegmentTimeline {
  const result = new SegmentTimeline();
  let time = Math.round(((DAY_US + startUs) / 1e6) * timescale);
  for (const duration of durations) {
    result.add(time, duration);
    time += duration;
  }
  return result;
}
