import type { Segment } from '../facts/segment.ts';
import type { Stepwise } from '../journal/stepwise.ts';
import { joinName, type SegmentName, splitName } from '../layout/segment-name.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { CHUNK_ROWS, type SegmentChunk } from './segment-chunk.ts';
import { SegmentColumns } from './segment-columns.ts';
import { type FolderSummary, SegmentFolder } from './segment-folder.ts';
import type { SegmentQuery } from './segment-query.ts';
import { selectFromAll, selectFromTracks } from './segment-select.ts';
import { isOfSeries, type Series, seriesJson, seriesKey } from './segment-series.ts';
import { TrackRows } from './track-rows.ts';

/** Number of folders whose segment names are cached for {@link SegmentTable.has}. */
const NAMED_FOLDERS = 4;

/** Rows per step of an eviction; a divisor of {@link CHUNK_ROWS}. */
const STEP_ROWS = 1024;

interface StreamRows {
  tracks: Record<TrackKind, TrackRows>;
  /** The latest series of each kind of track. */
  latest: Record<TrackKind, Series | undefined>;
  folders: Map<string, SegmentFolder>;
}

/** All segments in memory: the columns, and lists of their rows by stream, track and folder. */
export class SegmentTable {
  readonly columns = new SegmentColumns();
  #nodeAlias: string;
  #rows = 0;
  #streams = new Map<string, StreamRows>();
  #foldersByName = new Map<string, Set<SegmentFolder>>();
  #series: (Series | undefined)[] = [];
  #seriesByKey = new Map<string, Series>();
  #freeSeries: number[] = [];
  #names = new Map<SegmentFolder, Set<string>>();
  /** Rows of segments that wait for upload, by path. */
  #waiting = new Map<string, number>();

  constructor(nodeAlias: string) {
    this.#nodeAlias = nodeAlias;
  }

  /** Number of live rows. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Adds a valid segment; `created_at` (µs) must exceed all earlier ones.
   * @param uploaded false for a segment that waits for upload
   */
  insert(createdAt: number, segment: Segment, uploaded = true): void {
    const name = splitName(segment.path);
    const series = this.#seriesFor(segment, name);
    const row = this.columns.push({
      createdAt,
      startUs: segment.startUs,
      endUs: segment.endUs,
      kind: segment.kind,
      isKeyframe: segment.isKeyframe,
      keyframes: segment.keyframes,
      series: series.id,
      number: name.number,
      size: segment.size,
    });
    series.rows++;
    series.track.push(row, segment);
    series.folder.add(segment.startUs, segment.endUs, segment.size);
    this.#names.get(series.folder)?.add(segment.path);
    this.#rows++;
    if (!uploaded) this.#setWaiting(segment.path, row);
  }

  /** Marks a segment as uploaded; does nothing if it was not waiting. */
  setUploaded(path: string): void {
    const row = this.#waiting.get(path);
    if (row === undefined) return;
    this.#waiting.delete(path);
    const chunk = this.columns.chunkOf(row);
    chunk.setUploaded(row - chunk.base, true);
  }

  /** Marks the segments that wait for upload; ignores unknown paths. */
  setWaiting(paths: Iterable<string>): void {
    const byFolder = new Map<string, Set<string>>();
    for (const path of paths) {
      const { folder } = splitName(path);
      const known = byFolder.get(folder);
      if (known) known.add(path);
      else byFolder.set(folder, new Set([path]));
    }
    for (const [name, waiting] of byFolder) {
      for (const folder of this.#foldersByName.get(name) ?? []) {
        this.#eachRow(folder, folder.startUs, folder.endUs, (chunk, at) => {
          const path = this.#path(chunk, at);
          if (waiting.has(path)) this.#setWaiting(path, chunk.base + at);
        });
      }
    }
  }

  /** `created_at` of a segment that waits for upload; undefined for any other. */
  waitingSince(path: string): number | undefined {
    const row = this.#waiting.get(path);
    return row === undefined ? undefined : this.columns.createdAt(row);
  }

  /** Numbers of the first matching rows in the order of `created_at`, at most `limit`. */
  select(query: SegmentQuery, limit: number): number[] {
    if (query.stream === undefined) return selectFromAll(this.columns, query, limit);
    const tracks = this.#streams.get(query.stream)?.tracks;
    if (!tracks) return [];
    const asked = query.kind === undefined ? [tracks.video, tracks.audio] : [tracks[query.kind]];
    return selectFromTracks(asked, query, limit);
  }

  /** The streams that have a segment, by name. */
  get streams(): ReadonlyMap<string, Pick<StreamRows, 'tracks'>> {
    return this.#streams;
  }

  /** The series of a live row. */
  seriesOf(chunk: SegmentChunk, at: number): Series {
    return this.#series[chunk.series[at]!]!;
  }

  /** The segment of a live row. */
  segmentAt(chunk: SegmentChunk, at: number): Segment {
    const series = this.seriesOf(chunk, at);
    const startUs = chunk.startUs[at]!;
    const keyframes: number[] = [];
    for (let place = chunk.keyframesStart(at); place < chunk.keyframesEnd(at); place++) {
      keyframes.push(startUs + chunk.keyframeOffset(place));
    }
    return {
      stream: series.folder.stream,
      kind: series.kind,
      startUs,
      endUs: chunk.endUs[at]!,
      path: this.#path(chunk, at),
      initPath: series.initPath,
      isKeyframe: chunk.isKeyframe(at),
      keyframes,
      codec: series.codec,
      size: chunk.size[at]!,
      ...(series.periodReason !== undefined && { periodReason: series.periodReason }),
    };
  }

  /** One entry per stream and folder, by stream, then by time. */
  folders(stream?: string): FolderSummary[] {
    const streams =
      stream === undefined
        ? this.#streams.values()
        : [this.#streams.get(stream)].filter((s) => !!s);
    const summaries: FolderSummary[] = [];
    for (const { folders } of streams) {
      for (const folder of folders.values()) {
        if (folder.isLoose) this.#tighten(folder);
        summaries.push(folder.summary());
      }
    }
    const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    return summaries.sort(
      (a, b) => order(a.stream, b.stream) || a.startUs - b.startUs || order(a.folder, b.folder),
    );
  }

  /**
   * Whether a segment with this path exists. Query folder by folder: the first query about a folder
   * walks over its rows.
   */
  has(path: string): boolean {
    const folders = this.#foldersByName.get(splitName(path).folder);
    if (!folders) return false;
    for (const folder of folders) {
      if (this.#namesIn(folder).has(path)) return true;
    }
    return false;
  }

  /** All segments in a folder, in no particular order. */
  segmentsIn(folder: string): Segment[] {
    const segments: Segment[] = [];
    for (const of of this.#foldersByName.get(folder) ?? []) {
      this.#eachRow(of, of.startUs, of.endUs, (chunk, at) =>
        segments.push(this.segmentAt(chunk, at)),
      );
    }
    return segments;
  }

  /** Whether any segment ends at or before a time (µs). */
  hasEndedBy(beforeUs: number): boolean {
    return this.columns.chunks.some((chunk) => {
      if (chunk.live === 0 || chunk.minEndUs > beforeUs) return false;
      for (let at = 0; at < chunk.rows; at++) {
        if (chunk.endUs[at]! <= beforeUs && !chunk.isDropped(at)) return true;
      }
      return false;
    });
  }

  /**
   * Drops all segments that end at or before a time (µs). A step takes some tenths of a millisecond
   * and only visits chunks that may contain such segments; between steps the table may be queried
   * and changed.
   * @param until `created_at` of the last segment to consider: later ones stay
   * @returns the number of dropped segments
   */
  *evict(beforeUs: number, until = this.columns.lastCreatedAt): Stepwise<number> {
    let evicted = 0;
    let chunk = this.columns.chunkFrom(0);
    while (chunk !== undefined) {
      const next = chunk.base + CHUNK_ROWS;
      if (chunk.live > 0 && chunk.minEndUs <= beforeUs) {
        evicted += yield* this.#evictFrom(chunk, beforeUs, until);
      }
      chunk = this.columns.chunkFrom(next);
    }
    return evicted;
  }

  /** Drops the segment with this `created_at`. @returns the number of dropped segments, 0 or 1 */
  remove(createdAt: number): number {
    const { columns } = this;
    const chunk = columns.chunks[columns.firstChunkAfter(createdAt - 1)];
    if (chunk === undefined || chunk.live === 0) return 0;
    const at = columns.firstRowAfter(chunk, createdAt - 1);
    if (chunk.createdAt[at] !== createdAt || chunk.isDropped(at)) return 0;
    this.#dropped(chunk, new Set([this.#dropRow(chunk, at)]));
    return 1;
  }

  #setWaiting(path: string, row: number): void {
    this.#waiting.set(path, row);
    const chunk = this.columns.chunkOf(row);
    chunk.setUploaded(row - chunk.base, false);
  }

  *#evictFrom(chunk: SegmentChunk, beforeUs: number, until: number): Stepwise<number> {
    let evicted = 0;
    let minEndUs = Number.POSITIVE_INFINITY;
    for (let from = 0; from < chunk.rows; from += STEP_ROWS) {
      const before = this.#rows;
      const touched = new Set<SegmentFolder>();
      const to = Math.min(from + STEP_ROWS, chunk.rows);
      for (let at = from; at < to; at++) {
        if (chunk.isDropped(at)) continue;
        const endUs = chunk.endUs[at]!;
        if (endUs > beforeUs || chunk.createdAt[at]! > until) minEndUs = Math.min(minEndUs, endUs);
        else touched.add(this.#dropRow(chunk, at));
      }
      this.#dropped(chunk, touched);
      evicted += before - this.#rows;
      yield;
    }
    // Allows the next eviction to skip this chunk.
    chunk.minEndUs = minEndUs;
    return evicted;
  }

  /** @returns the folder of the row */
  #dropRow(chunk: SegmentChunk, at: number): SegmentFolder {
    if (!chunk.isUploaded(at)) this.#waiting.delete(this.#path(chunk, at));
    const series = this.seriesOf(chunk, at);
    series.folder.remove(chunk.startUs[at]!, chunk.endUs[at]!, chunk.size[at]!);
    series.rows--;
    if (series.rows === 0) this.#removeSeries(series, chunk, at);
    chunk.drop(at);
    series.track.drop(chunk.base + at);
    this.#rows--;
    return series.folder;
  }

  /** Updates what depends on dropped rows of a chunk. @param touched the folders of the rows */
  #dropped(chunk: SegmentChunk, touched: Set<SegmentFolder>): void {
    for (const folder of touched) {
      this.#names.delete(folder);
      if (folder.segments === 0) this.#removeFolder(folder);
    }
    this.columns.releaseDropped(chunk);
  }

  #removeFolder(folder: SegmentFolder): void {
    const { folders } = this.#streams.get(folder.stream)!;
    folders.delete(folder.folder);
    if (folders.size === 0) this.#streams.delete(folder.stream);
    const namesakes = this.#foldersByName.get(folder.folder)!;
    namesakes.delete(folder);
    if (namesakes.size === 0) this.#foldersByName.delete(folder.folder);
  }

  #tighten(folder: SegmentFolder): void {
    const { tracks } = this.#streams.get(folder.stream)!;
    const isInside = (chunk: SegmentChunk, at: number) =>
      this.seriesOf(chunk, at).folder === folder;
    const { startUs, endUs } = folder;
    const both = [tracks.video, tracks.audio];
    folder.tighten(
      Math.min(...both.map((track) => track.earliestStart(startUs, isInside))),
      Math.max(...both.map((track) => track.latestEnd(endUs, isInside))),
    );
  }

  #path(chunk: SegmentChunk, at: number): string {
    return joinName({ ...this.seriesOf(chunk, at).name, number: chunk.number[at]! });
  }

  #seriesFor(segment: Segment, name: SegmentName): Series {
    let stream = this.#streams.get(segment.stream);
    // Nearly every segment belongs to the same series as the previous one.
    const latest = stream?.latest[segment.kind];
    if (latest && isOfSeries(latest, segment, name)) return latest;
    const key = seriesKey(segment, name);
    const known = this.#seriesByKey.get(key);
    if (known) {
      stream!.latest[segment.kind] = known;
      return known;
    }
    if (!stream) {
      const reasonOf = (chunk: SegmentChunk, at: number) => this.seriesOf(chunk, at).periodReason;
      const track = () => new TrackRows(this.columns, reasonOf);
      const tracks = { video: track(), audio: track() };
      stream = { tracks, latest: { video: undefined, audio: undefined }, folders: new Map() };
      this.#streams.set(segment.stream, stream);
    }
    let folder = stream.folders.get(name.folder);
    if (!folder) {
      folder = new SegmentFolder(segment.stream, name.folder);
      stream.folders.set(name.folder, folder);
      const namesakes = this.#foldersByName.get(name.folder);
      if (namesakes) namesakes.add(folder);
      else this.#foldersByName.set(name.folder, new Set([folder]));
    }
    const { kind, initPath, codec, periodReason } = segment;
    const series: Series = {
      id: this.#freeSeries.pop() ?? this.#series.length,
      kind,
      initPath,
      codec,
      periodReason,
      name: { folder: name.folder, prefix: name.prefix, digits: name.digits, suffix: name.suffix },
      folder,
      track: stream.tracks[kind],
      json: seriesJson(this.#nodeAlias, segment, name),
      rows: 0,
    };
    this.#series[series.id] = series;
    this.#seriesByKey.set(key, series);
    stream.latest[kind] = series;
    return series;
  }

  #removeSeries(series: Series, chunk: SegmentChunk, at: number): void {
    const segment = this.segmentAt(chunk, at);
    this.#seriesByKey.delete(seriesKey(segment, splitName(segment.path)));
    const { latest } = this.#streams.get(segment.stream)!;
    if (latest[series.kind] === series) latest[series.kind] = undefined;
    this.#series[series.id] = undefined;
    this.#freeSeries.push(series.id);
  }

  #namesIn(folder: SegmentFolder): Set<string> {
    let names = this.#names.get(folder);
    if (!names) {
      const found = new Set<string>();
      this.#eachRow(folder, folder.startUs, folder.endUs, (chunk, at) =>
        found.add(this.#path(chunk, at)),
      );
      names = found;
      if (this.#names.size === NAMED_FOLDERS) {
        this.#names.delete(this.#names.keys().next().value!);
      }
      this.#names.set(folder, names);
    }
    return names;
  }

  #eachRow(
    folder: SegmentFolder,
    startUs: number,
    endUs: number,
    visit: (chunk: SegmentChunk, at: number) => void,
  ): void {
    const { tracks } = this.#streams.get(folder.stream)!;
    for (const track of [tracks.video, tracks.audio]) {
      // One µs wider on both sides, to include segments with duration 0.
      let place = track.nextOverlap(0, startUs - 1, endUs + 1);
      while (place < track.length) {
        const row = track.row(place);
        const chunk = this.columns.chunkOf(row);
        const at = row - chunk.base;
        if (this.seriesOf(chunk, at).folder === folder) visit(chunk, at);
        place = track.nextOverlap(place + 1, startUs - 1, endUs + 1);
      }
    }
  }
}
