import type { PeriodReason } from '../facts/period-reason.ts';
import type { SegmentFact } from '../facts/recording-fact.ts';
import { objectPath } from '../layout/object-path.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';
import { wallClockUs } from '../media/wall-clock-span.ts';
import type { SegmentFacts } from './segment-facts.ts';

/** A segment that is complete and durable. Times are ticks since the Unix epoch. */
export interface CommittedSegment extends SegmentFacts {
  /** File name without folder. */
  name: string;
}

/**
 * What is reported of a durable segment.
 * @param folder object path of its day folder
 * @param entry the track in the manifest to which it belongs
 * @param periodReason why its Period began, if that is known
 * @param endedUs see {@link SegmentFact}
 */
export function segmentFact(
  stream: string,
  folder: string,
  entry: ManifestTrack,
  { span, name, startsAtKeyframe, keyframes, size }: CommittedSegment,
  periodReason: PeriodReason | undefined,
  endedUs: number | undefined,
): SegmentFact {
  return {
    type: 'segment',
    segment: {
      stream,
      kind: entry.kind,
      startUs: span.startUs,
      endUs: span.endUs,
      path: objectPath(folder, name),
      initPath: objectPath(folder, entry.initialization),
      isKeyframe: startsAtKeyframe,
      keyframes: keyframes.map((time) => wallClockUs(span, time)),
      codec: entry.codecs,
      size,
      ...(periodReason !== undefined && { periodReason }),
    },
    ...(endedUs !== undefined && { endedUs }),
  };
}
