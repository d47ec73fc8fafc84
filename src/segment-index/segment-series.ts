import type { PeriodReason } from '../facts/period-reason.ts';
import type { Segment } from '../facts/segment.ts';
import type { SegmentName } from '../layout/segment-name.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { type TextWords, textWords } from './json-words.ts';
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

/** The end of {@link SeriesJson.init}. */
export const AFTER_INIT = 'true,"keyframes":[';

/** The constant parts of a row's JSON. */
export interface SeriesJson {
  /** From `{` to `"start_ts":`. */
  readonly head: TextWords;
  /** From `,"path":` to the number in the name. */
  readonly path: TextWords;
  /**
   * From the number in the name to {@link AFTER_INIT}, which is written over in the few rows that begin without
   * a keyframe.
   */
  readonly init: TextWords;
  /** From the `]` of the keyframes to `"size":`. */
  readonly codec: TextWords;
  /** Number of bytes of all of them. */
  readonly length: number;
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
  const { stream, kind, initPath } = segment;
  const unclosed = (text: string) => JSON.stringify(text).slice(0, -1);
  const unopened = (text: string) => JSON.stringify(text).slice(1);
  const head = textWords(
    `{"node_alias":${JSON.stringify(nodeAlias)},"stream":${JSON.stringify(stream)},"kind":"${kind}","start_ts":`,
  );
  const path = textWords(`,"path":${unclosed(name.folder + name.prefix)}`);
  const init = textWords(
    `${unopened(name.suffix)},"init_path":${JSON.stringify(initPath)},"is_keyframe":${AFTER_INIT}`,
  );
  const codec = textWords(`],"codec":${JSON.stringify(segment.codec)},"size":`);
  const length = head.length + path.length + init.length + codec.length;
  return { head, path, init, codec, length };
}
