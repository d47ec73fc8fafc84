import type { Segment } from '../facts/segment.ts';
import { parseFileName } from '../layout/file-names.ts';
import { folderOf, nameOf, objectPath } from '../layout/object-path.ts';
import type { ManifestPeriod, ManifestTrack } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { Refusal } from '../refusal.ts';
import type { SegmentIndex } from '../segment-index/segment-index.ts';
import type { Presentations } from './presentations.ts';
import type { RangePeriod, RangeSegment, RangeTrack, RecordedRange } from './recorded-range.ts';
import type { RequestedRange } from './request-time.ts';

/** Where a range is looked up. */
export interface RangeSources {
  index: Pick<SegmentIndex, 'segments'>;
  presentations: Presentations;
}

/** Segments of a range at most: eleven days of two tracks in segments of 10 s. */
const MOST_SEGMENTS = 200_000;

/** How far before a range the keyframe is looked for that its first picture needs, µs. */
export const BEFORE_US = 60_000_000;
/** The same where there is none so near: some encoders send one in minutes. */
const LONG_BEFORE_US = 600_000_000;
/** How far beyond it one track may have to follow the other, µs. */
const AFTER_US = 60_000_000;

/**
 * What is recorded of a stream in [startUs, endUs): whole segments, in Periods. The first segment of pictures is
 * the latest at or before the start that begins with a keyframe, else the latest that has one, else the first
 * that has; sound is there from it on. In the last Period the sound goes on as long as the picture. The index
 * tells which segments there are, the manifests of their days how they lie in media time and what they are.
 * @throws Refusal `bad-time` for a range of too many segments; the file system's error; StoreError
 */
export async function selectRange(
  { index, presentations }: RangeSources,
  stream: string,
  { startUs, endUs }: RequestedRange,
): Promise<RecordedRange> {
  const rowsFrom = (beforeUs: number) =>
    index.segments({
      stream,
      startUs: Math.max(0, startUs - beforeUs),
      endUs: endUs === undefined ? undefined : endUs + AFTER_US,
      limit: MOST_SEGMENTS + 1,
    });
  let rows = rowsFrom(BEFORE_US);
  const isTooLong = () => rows.length > MOST_SEGMENTS;
  if (!isTooLong() && lacksKeyframe(rows, startUs)) rows = rowsFrom(LONG_BEFORE_US);
  if (isTooLong()) {
    const mend = `must not be further from start: the range has more than ${MOST_SEGMENTS} segments`;
    throw new Refusal('bad-time', `end: ${mend}`);
  }
  const toUs = endUs ?? Number.POSITIVE_INFINITY;
  const isAsked = (segment: Segment) => segment.endUs > startUs && segment.startUs < toUs;
  const periods: RangePeriod[] = [];
  const unreadable: string[] = [];
  for (const [folder, segments] of Map.groupBy(rows, ({ path }) => folderOf(path))) {
    const described = await presentations.periodsOf(folder);
    if (described === undefined && segments.some(isAsked)) unreadable.push(folder);
    const listed = byNumber(segments);
    for (const period of described ?? []) {
      for (const part of partsOf(period, folder, listed)) {
        const cut = withinRange(part, startUs, toUs);
        if (cut !== undefined) periods.push(cut);
      }
    }
  }
  periods.sort((a, b) => a.startUs - b.startUs);
  return { stream, startUs, endUs, periods, unreadable };
}

/** Whether there is a picture at a time, and none before it at which decoding could start. */
function lacksKeyframe(rows: readonly Segment[], us: number): boolean {
  const pictures = rows.filter(({ kind, startUs }) => kind === 'video' && startUs <= us);
  const isThere = pictures.some(({ endUs }) => endUs > us);
  return isThere && !pictures.some(({ keyframes }) => keyframes.some((keyframe) => keyframe <= us));
}

type Tracks = Partial<Record<TrackKind, RangeTrack>>;

/** Segments of a folder, by what tells them apart in it. */
type Listed = Readonly<Record<TrackKind, ListedTrack>>;

interface ListedTrack {
  byNumber: Map<number, Segment>;
  /** The least and the greatest number. */
  first: number;
  last: number;
}

function byNumber(segments: readonly Segment[]): Listed {
  const none = (): ListedTrack => ({
    ...{ byNumber: new Map(), first: Number.POSITIVE_INFINITY, last: 0 },
  });
  const listed = { video: none(), audio: none() };
  for (const segment of segments) {
    const file = parseFileName(nameOf(segment.path));
    if (file?.type !== 'seg') continue;
    const track = listed[file.kind];
    track.byNumber.set(file.number, segment);
    track.first = Math.min(track.first, file.number);
    track.last = Math.max(track.last, file.number);
  }
  return listed;
}

/** What there is of a Period, in parts where segments within it are missing. */
function partsOf(period: ManifestPeriod, folder: string, listed: Listed): RangePeriod[] {
  const tracks: RangeTrack[] = [];
  // Seconds of media time at which either track goes on after a hole: there both begin anew.
  const cuts: number[] = [];
  for (const track of [period.video, period.audio]) {
    if (track === undefined) continue;
    const { segments, holeEnds } = segmentsOf(track, listed[track.kind]);
    if (segments.length > 0) tracks.push({ ...formatOf(track, folder), segments });
    cuts.push(...holeEnds.map((time) => time / track.timescale));
  }
  const parts = new Map<number, Tracks>();
  for (const { segments, ...format } of tracks) {
    const middle = ({ startTime, duration }: RangeSegment) =>
      (startTime + duration / 2) / format.timescale;
    const byPart = Map.groupBy(
      segments,
      (segment) => cuts.filter((cut) => cut <= middle(segment)).length,
    );
    for (const [index, own] of byPart) {
      const part = { ...parts.get(index), [format.kind]: { ...format, segments: own } };
      parts.set(index, part);
    }
  }
  return [...parts].map(([, part]) => {
    const [first] = [part.video, part.audio].filter((track) => track !== undefined);
    const { number } = first!.segments[0]!;
    const isBeginning = number === period[first!.kind]!.startNumber;
    const id = `${folder}/${period.id}`;
    return {
      // By a number, so that a part keeps its name while others come and go.
      id: isBeginning ? id : `${id}.${number}`,
      folder,
      ...spanOf(part),
      reason: isBeginning ? listed[first!.kind].byNumber.get(number)!.periodReason : undefined,
      ...part,
    };
  });
}

function formatOf(track: ManifestTrack, folder: string): Omit<RangeTrack, 'segments'> {
  const { kind, container, codecs, timescale, width, height, channels, samplingRate } = track;
  return {
    ...{ kind, container, codecs, timescale },
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(channels !== undefined && { channels }),
    ...(samplingRate !== undefined && { samplingRate }),
    initPath: objectPath(folder, track.initialization),
  };
}

/** The segments that there are of a track, and the media times at which it goes on after a hole. */
function segmentsOf(
  track: ManifestTrack,
  { byNumber, first, last: lastNumber }: ListedTrack,
): { segments: RangeSegment[]; holeEnds: number[] } {
  const segments: RangeSegment[] = [];
  const holeEnds: number[] = [];
  const from = Math.max(0, first - track.startNumber);
  if (from >= track.timeline.count) return { segments, holeEnds };
  let number = track.startNumber + from - 1;
  for (const { startTicks: startTime, durationTicks: duration } of track.timeline.segments(from)) {
    number++;
    if (number > lastNumber) break;
    const row = byNumber.get(number);
    if (row === undefined) continue;
    const last = segments.at(-1);
    const follows = last?.number === number - 1 && last.startTime + last.duration === startTime;
    if (last !== undefined && !follows) holeEnds.push(startTime);
    const { path, startUs, endUs, size, isKeyframe, keyframes } = row;
    const place = { startTime, duration, startUs, endUs };
    segments.push({ path, number, ...place, size, isKeyframe, keyframes });
  }
  return { segments, holeEnds };
}

/** What of a Period belongs to a range; undefined for nothing. */
function withinRange(
  { video, audio, ...period }: RangePeriod,
  fromUs: number,
  toUs: number,
): RangePeriod | undefined {
  let startUs = fromUs;
  let endUs = toUs;
  const tracks: Tracks = {};
  if (video !== undefined) {
    const segments = overlapping(video, startUs, endUs, true);
    if (segments.length > 0) {
      tracks.video = { ...video, segments };
      // Also where the picture begins before the range; where the sound did already, that stays.
      startUs = Math.min(startUs, segments[0]!.startUs);
      if (Number.isFinite(endUs)) endUs = Math.max(endUs, segments.at(-1)!.endUs);
    }
  }
  if (audio !== undefined) {
    const segments = overlapping(audio, startUs, endUs, false);
    if (segments.length > 0) tracks.audio = { ...audio, segments };
  }
  if (tracks.video === undefined && tracks.audio === undefined) return undefined;
  const span = spanOf(tracks);
  const reason = span.startUs === period.startUs ? period.reason : undefined;
  return { ...period, ...span, reason, ...tracks };
}

function overlapping(
  { segments }: RangeTrack,
  fromUs: number,
  toUs: number,
  fromKeyframe: boolean,
): RangeSegment[] {
  let first = segments.findIndex(({ endUs }) => endUs > fromUs);
  if (first < 0 || segments[first]!.startUs >= toUs) return [];
  if (fromKeyframe) {
    first = decodableFrom(segments, first, fromUs);
    if (first < 0) return [];
  }
  const end = segments.findIndex(({ startUs }) => startUs >= toUs);
  return segments.slice(first, end < 0 ? undefined : end);
}

/** Place of the segment to begin with so that the picture of a time is decoded; -1 where none can be. */
function decodableFrom(segments: readonly RangeSegment[], at: number, us: number): number {
  const before = segments.slice(0, at + 1);
  const beginning = before.findLastIndex(({ isKeyframe }) => isKeyframe);
  if (beginning >= 0) return beginning;
  const within = before.findLastIndex(({ keyframes }) => keyframes.some((each) => each <= us));
  if (within >= 0) return within;
  return segments.findIndex(({ keyframes }) => keyframes.length > 0);
}

function spanOf({ video, audio }: Tracks): { startUs: number; endUs: number } {
  const tracks = [video, audio].filter((track) => track !== undefined);
  return {
    startUs: Math.min(...tracks.map(({ segments }) => segments[0]!.startUs)),
    endUs: Math.max(...tracks.map(({ segments }) => segments.at(-1)!.endUs)),
  };
}
