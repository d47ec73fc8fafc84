import type { SegmentName } from '../layout/segment-name.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { SegmentChunk } from './segment-chunk.ts';
import type { SegmentColumns } from './segment-columns.ts';
import { SegmentFolder } from './segment-folder.ts';
import {
  isOfSeries,
  type Series,
  type SeriesFields,
  seriesJson,
  seriesKey,
} from './segment-series.ts';
import { TrackRows } from './track-rows.ts';

const NONE: ReadonlySet<SegmentFolder> = new Set();

interface StreamRows {
  tracks: Record<TrackKind, TrackRows>;
  /** The latest series of each kind of track. */
  latest: Record<TrackKind, Series | undefined>;
  folders: Map<string, SegmentFolder>;
}

/** The streams with their tracks, folders and series of segments. */
export class SegmentStreams {
  readonly #nodeAlias: string;
  readonly #columns: SegmentColumns;
  readonly #streams = new Map<string, StreamRows>();
  readonly #foldersByName = new Map<string, Set<SegmentFolder>>();
  readonly #series: (Series | undefined)[] = [];
  readonly #seriesByKey = new Map<string, Series>();
  readonly #freeSeries: number[] = [];

  constructor(nodeAlias: string, columns: SegmentColumns) {
    this.#nodeAlias = nodeAlias;
    this.#columns = columns;
  }

  /** The streams that have a segment, by name. */
  get all(): ReadonlyMap<string, Pick<StreamRows, 'tracks' | 'folders'>> {
    return this.#streams;
  }

  /** All series, by ascending id. */
  get series(): Series[] {
    return this.#series.filter((series) => series !== undefined);
  }

  /** Folders of this name; more than one stream may have it. */
  foldersNamed(name: string): ReadonlySet<SegmentFolder> {
    return this.#foldersByName.get(name) ?? NONE;
  }

  /** The series of a live row. */
  seriesOf(chunk: SegmentChunk, at: number): Series {
    return this.#series[chunk.series[at]!]!;
  }

  /** The series that a segment belongs to, which is new if there is none. */
  seriesFor(segment: SeriesFields, name: Omit<SegmentName, 'number'>): Series {
    const { latest } = this.#streams.get(segment.stream) ?? {};
    // Nearly every segment belongs to the same series as the previous one.
    const last = latest?.[segment.kind];
    if (last && isOfSeries(last, segment, name)) return last;
    const key = seriesKey(segment, name);
    const series = this.#seriesByKey.get(key) ?? this.#newSeries(key, segment, name);
    this.#streams.get(segment.stream)!.latest[segment.kind] = series;
    return series;
  }

  /** Removes a series without rows. */
  removeSeries(series: Series): void {
    const { stream } = series.folder;
    this.#seriesByKey.delete(seriesKey({ ...series, stream }, series.name));
    const { latest } = this.#streams.get(stream)!;
    if (latest[series.kind] === series) latest[series.kind] = undefined;
    this.#series[series.id] = undefined;
    this.#freeSeries.push(series.id);
  }

  /** Removes a folder without rows, and the stream if it was the last one. */
  removeFolder(folder: SegmentFolder): void {
    const { folders } = this.#streams.get(folder.stream)!;
    folders.delete(folder.folder);
    if (folders.size === 0) this.#streams.delete(folder.stream);
    const namesakes = this.#foldersByName.get(folder.folder)!;
    namesakes.delete(folder);
    if (namesakes.size === 0) this.#foldersByName.delete(folder.folder);
  }

  #newSeries(key: string, segment: SeriesFields, name: Omit<SegmentName, 'number'>): Series {
    const { kind, initPath, codec, periodReason } = segment;
    const stream = this.#streams.get(segment.stream) ?? this.#newStream(segment.stream);
    const series: Series = {
      id: this.#freeSeries.pop() ?? this.#series.length,
      kind,
      initPath,
      codec,
      periodReason,
      name: { folder: name.folder, prefix: name.prefix, digits: name.digits, suffix: name.suffix },
      folder: stream.folders.get(name.folder) ?? this.#newFolder(segment.stream, name.folder),
      track: stream.tracks[kind],
      json: seriesJson(this.#nodeAlias, segment, name),
      rows: 0,
    };
    this.#series[series.id] = series;
    this.#seriesByKey.set(key, series);
    return series;
  }

  #newStream(name: string): StreamRows {
    const reasonOf = (chunk: SegmentChunk, at: number) => this.seriesOf(chunk, at).periodReason;
    const track = () => new TrackRows(this.#columns, reasonOf);
    const stream: StreamRows = {
      tracks: { video: track(), audio: track() },
      latest: { video: undefined, audio: undefined },
      folders: new Map(),
    };
    this.#streams.set(name, stream);
    return stream;
  }

  #newFolder(stream: string, name: string): SegmentFolder {
    const folder = new SegmentFolder(stream, name);
    this.#streams.get(stream)!.folders.set(name, folder);
    const namesakes = this.#foldersByName.get(name);
    if (namesakes) namesakes.add(folder);
    else this.#foldersByName.set(name, new Set([folder]));
    return folder;
  }
}
