import type { Segment } from '../facts/segment.ts';
import type { Stepwise } from '../journal/stepwise.ts';
import { joinName, splitName } from '../layout/segment-name.ts';
import { CHUNK_ROWS, type SegmentChunk } from './segment-chunk.ts';
import { SegmentColumns } from './segment-columns.ts';
import type { FolderSummary, SegmentFolder } from './segment-folder.ts';
import type { SegmentQuery } from './segment-query.ts';
import { selectFromAll, selectFromTracks } from './segment-select.ts';
import type { Series } from './segment-series.ts';
import { SegmentStreams } from './segment-streams.ts';

/** Number of folders whose segment names are cached for {@link SegmentTable.has}. */
const NAMED_FOLDERS = 4;

/** Rows per step of an eviction; a divisor of {@link CHUNK_ROWS}. */
const STEP_ROWS = 1024;

/** All segments in memory: the columns, and lists of their rows by stream, track and folder. */
export class SegmentTable {
  readonly columns = new SegmentColumns();
  readonly streams: SegmentStreams;
  #rows = 0;
  #names = new Map<SegmentFolder, Set<string>>();
  /** Rows of segments that wait for upload, by path. */
  #waiting = new Map<string, number>();

  constructor(nodeAlias: string) {
    this.streams = new SegmentStreams(nodeAlias, this.columns);
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
    const series = this.streams.seriesFor(segment, name);
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
    series.track.push(row, segment.startUs, segment.endUs);
    series.folder.add(segment.startUs, segment.endUs, segment.size);
    this.#names.get(series.folder)?.add(segment.path);
    this.#rows++;
    if (!uploaded) this.#setWaiting(segment.path, row);
  }

  /**
   * Adds the rows of a chunk, all of them live, in which series are numbered by their place in a list. Its base is
   * that of the next row, and all chunks before it are full.
   * @throws Error if a row has a series that is not in the list; then the table must not be used
   */
  adopt(chunk: SegmentChunk, list: readonly Series[]): void {
    this.columns.adopt(chunk);
    for (let at = 0; at < chunk.rows; at++) {
      const series = list[chunk.series[at]!];
      if (series === undefined) throw new Error('a segment has no series');
      chunk.series[at] = series.id;
      const startUs = chunk.startUs[at]!;
      const endUs = chunk.endUs(at);
      series.rows++;
      series.track.push(chunk.base + at, startUs, endUs);
      series.folder.add(startUs, endUs, chunk.size(at));
    }
    this.#rows += chunk.rows;
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
      for (const folder of this.streams.foldersNamed(name)) {
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
    const tracks = this.streams.all.get(query.stream)?.tracks;
    if (!tracks) return [];
    const asked = query.kind === undefined ? [tracks.video, tracks.audio] : [tracks[query.kind]];
    return selectFromTracks(asked, query, limit);
  }

  /** The segment of a live row. */
  segmentAt(chunk: SegmentChunk, at: number): Segment {
    const series = this.streams.seriesOf(chunk, at);
    const startUs = chunk.startUs[at]!;
    const keyframes: number[] = [];
    for (let place = chunk.keyframesStart(at); place < chunk.keyframesEnd(at); place++) {
      keyframes.push(startUs + chunk.keyframeOffset(place));
    }
    return {
      stream: series.folder.stream,
      kind: series.kind,
      startUs,
      endUs: chunk.endUs(at),
      path: this.#path(chunk, at),
      initPath: series.initPath,
      isKeyframe: chunk.isKeyframe(at),
      keyframes,
      codec: series.codec,
      size: chunk.size(at),
      ...(series.periodReason !== undefined && { periodReason: series.periodReason }),
    };
  }

  /** One entry per stream and folder, by stream, then by time. */
  folders(stream?: string): FolderSummary[] {
    const streams =
      stream === undefined
        ? this.streams.all.values()
        : [this.streams.all.get(stream)].filter((s) => !!s);
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
    for (const folder of this.streams.foldersNamed(splitName(path).folder)) {
      if (this.#namesIn(folder).has(path)) return true;
    }
    return false;
  }

  /** All segments in a folder, in no particular order. */
  segmentsIn(folder: string): Segment[] {
    const segments: Segment[] = [];
    for (const of of this.streams.foldersNamed(folder)) {
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
        if (chunk.endUs(at) <= beforeUs && !chunk.isDropped(at)) return true;
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
        const endUs = chunk.endUs(at);
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
    const series = this.streams.seriesOf(chunk, at);
    series.folder.remove(chunk.startUs[at]!, chunk.endUs(at), chunk.size(at));
    series.rows--;
    if (series.rows === 0) this.streams.removeSeries(series);
    chunk.drop(at);
    series.track.drop(chunk.base + at);
    this.#rows--;
    return series.folder;
  }

  /** Updates what depends on dropped rows of a chunk. @param touched the folders of the rows */
  #dropped(chunk: SegmentChunk, touched: Set<SegmentFolder>): void {
    for (const folder of touched) {
      this.#names.delete(folder);
      if (folder.segments === 0) this.streams.removeFolder(folder);
    }
    this.columns.releaseDropped(chunk);
  }

  #tighten(folder: SegmentFolder): void {
    const { tracks } = this.streams.all.get(folder.stream)!;
    const isInside = (chunk: SegmentChunk, at: number) =>
      this.streams.seriesOf(chunk, at).folder === folder;
    const { startUs, endUs } = folder;
    const both = [tracks.video, tracks.audio];
    folder.tighten(
      Math.min(...both.map((track) => track.earliestStart(startUs, isInside))),
      Math.max(...both.map((track) => track.latestEnd(endUs, isInside))),
    );
  }

  #path(chunk: SegmentChunk, at: number): string {
    return joinName({ ...this.streams.seriesOf(chunk, at).name, number: chunk.number[at]! });
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
    const { tracks } = this.streams.all.get(folder.stream)!;
    for (const track of [tracks.video, tracks.audio]) {
      // One µs wider on both sides, to include segments with duration 0.
      let place = track.nextOverlap(0, startUs - 1, endUs + 1);
      while (place < track.length) {
        const row = track.row(place);
        const chunk = this.columns.chunkOf(row);
        const at = row - chunk.base;
        if (this.streams.seriesOf(chunk, at).folder === folder) visit(chunk, at);
        place = track.nextOverlap(place + 1, startUs - 1, endUs + 1);
      }
    }
  }
}
