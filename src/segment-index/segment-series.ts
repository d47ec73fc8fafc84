import type { PeriodReason } from '../facts/period-reason.ts';
import type { Segment } from '../facts/segment.ts';
import type { SegmentName } from '../layout/segment-name.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { SegmentFolder } from './segment-folder.ts';
import type { TrackRows } from './track-rows.ts';

/** What consecutive segments of a track have in common, stored once. */
export interface Series {
  /** Id of the series in the rows. */
  readonly id: number;
  readonly kind: TrackKind;
  readonly initPath: string;
  readonly codec: string;
  readonly periodReason: PeriodReason | undefined;
  /** The file name of its segments without the number. */
  readonly name: Omit<SegmentName, 'number'>;
  readonly folder: SegmentFolder;
  readonly track: TrackRows;
  readonly json: SeriesJson;
  /** Number of live rows. */
  rows: number;
}

/** The constant parts of a row's JSON, as UTF-8. */
export interface SeriesJson {
  /** From `{` to `"start_ts":`. */
  readonly head: Buffer;
  /** From `,"path":` to the number in the name. */
  readonly path: Buffer;
  /** From the number in the name to `"is_keyframe":`. */
  readonly init: Buffer;
  /** From the `]` of the keyframes to `"size":`. */
  readonly codec: Buffer;
}

/** What a series is made of, beside the file name of its segments. */
export type SeriesFields = Pick<Segment, 'stream' | 'kind' | 'initPath' | 'codec'> & {
  periodReason?: PeriodReason | undefined;
};

/** The file name of the segments of a series. */
type SeriesName = Omit<SegmentName, 'number'>;

/** Key that identifies a series. */
export function seriesKey(segment: SeriesFields, name: SeriesName): string {
  return `${segment.stream}\0${segment.kind}\0${name.folder}\0${name.prefix}\0${name.digits}\0${name.suffix}\0${segment.initPath}\0${segment.codec}\0${segment.periodReason ?? ''}`;
}

/** Whether a segment of the same stream and kind belongs to a series. */
export function isOfSeries(series: Series, segment: SeriesFields, name: SeriesName): boolean {
  return (
    series.name.digits === name.digits &&
    series.name.prefix === name.prefix &&
    series.name.suffix === name.suffix &&
    series.codec === segment.codec &&
    series.periodReason === segment.periodReason &&
    series.name.folder === name.folder &&
    series.initPath === segment.initPath
  );
}

/** Builds the constant parts of the JSON of a series. */
export function seriesJson(nodeAlias: string, segment: SeriesFields, name: SeriesName): SeriesJson {
  const { stream, kind, initPath, codec } = segment;
  const unclosed = (text: string) => JSON.stringify(text).slice(0, -1);
  const unopened = (text: string) => JSON.stringify(text).slice(1);
  return {
    head: Buffer.from(
      `{"node_alias":${JSON.stringify(nodeAlias)},"stream":${JSON.stringify(stream)},"kind":"${kind}","start_ts":`,
    ),
    path: Buffer.from(`,"path":${unclosed(name.folder + name.prefix)}`),
    init: Buffer.from(
      `${unopened(name.suffix)},"init_path":${JSON.stringify(initPath)},"is_keyframe":`,
    ),
    codec: Buffer.from(`],"codec":${JSON.stringify(codec)},"size":`),
  };
}
