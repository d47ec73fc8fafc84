import { dayStartUs } from '../layout/day.ts';
import { nameOf } from '../layout/object-path.ts';
import { UTC_TIMING_URL, writeMpd } from '../manifest/mpd.ts';
import type { ManifestPeriod, ManifestTrack } from '../manifest/presentation.ts';
import { SegmentTimeline } from '../manifest/segment-timeline.ts';
import { objectAddress } from './object-address.ts';
import { leftOut, type RangeTrack, type RecordedRange } from './recorded-range.ts';
import { referenceTimes } from './reference-times.ts';
import { BEFORE_US } from './select-range.ts';

/** How a {@link rangeManifest} is written. */
export interface RangeManifestOptions {
  /** More is to come: the manifest is dynamic, and Periods stand at the time of day. */
  isLive: boolean;
  /** Address of objects, relative to that of the manifest; ends in a slash. */
  objectRoot: string;
  /** Duration that segments aim at, seconds. */
  segmentSeconds: number;
  /** µs since the Unix epoch. */
  nowUs: number;
}

/**
 * The MPD of a range (ISO/IEC 23009-1): as that of a day (`writeMpd`), with Periods of several days. Each
 * track has `ProducerReferenceTime`s, between which the wall clock of any sample is interpolated.
 * @param range with a Period at least
 */
export function rangeManifest(
  range: RecordedRange,
  { isLive, objectRoot, segmentSeconds, nowUs }: RangeManifestOptions,
): string {
  const { periods, startUs } = range;
  // While live it has to stay the same, whatever leaves: what a player has counts from here.
  const usualUs = startUs > BEFORE_US ? startUs - BEFORE_US : Number.POSITIVE_INFINITY;
  const earliestUs = Math.min(usualUs, periods[0]!.startUs);
  const presentation = {
    dayStartUs: dayStartUs(earliestUs),
    live: isLive,
    segmentSeconds,
    periods: periods.map(({ id, folder, video, audio }): ManifestPeriod => {
      const baseUrl = objectAddress(objectRoot, `${folder}/`);
      const period: ManifestPeriod = { id, ended: true, baseUrl };
      if (video !== undefined) period.video = manifestTrack(video);
      if (audio !== undefined) period.audio = manifestTrack(audio);
      return period;
    }),
  };
  return writeMpd(presentation, {
    ...{ nowUs, utcTimingUrl: UTC_TIMING_URL, overSeveralDays: true, note: leftOut(range) },
  });
}

function manifestTrack(track: RangeTrack): ManifestTrack {
  const { segments, initPath, ...format } = track;
  const timeline = new SegmentTimeline();
  let bytes = 0;
  for (const { startTime, duration, size } of segments) {
    timeline.add(startTime, duration);
    bytes += size;
  }
  return {
    ...format,
    initialization: nameOf(initPath),
    startNumber: segments[0]!.number,
    timeline,
    bytes,
    references: referenceTimes(track),
  };
}
