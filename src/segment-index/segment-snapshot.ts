import type { TrackKind } from '../media/access-unit.ts';
import { type LeavingSegment, LeavingSegments } from './leaving-segments.ts';
import { SegmentChunk } from './segment-chunk.ts';
import { segmentJournal } from './segment-journal.ts';
import type { Series } from './segment-series.ts';
import { SegmentTable } from './segment-table.ts';

/** Changes with the blocks; an index with a snapshot of another version reads its journal. */
export const SNAPSHOT_VERSION = 1;
/** Series, or segments that are leaving, per block; they take about a millisecond. */
const ITEMS_AT_A_TIME = 500;

/** What the index has in memory. */
export interface SegmentContent {
  table: SegmentTable;
  leaving: LeavingSegments;
}

/** The first block: how many there are of each. */
interface Counts {
  series: number;
  leaving: number;
  rows: number;
}

type SeriesArray = [
  stream: string,
  kind: TrackKind,
  initPath: string,
  codec: string,
  periodReason: Series['periodReason'] | null,
  folder: string,
  prefix: string,
  digits: number,
  suffix: string,
];

/**
 * The content of the index as blocks of bytes: their numbers, the series, the segments that are leaving, and the rows in
 * chunks of columns. Rows may be added, but nothing may be removed, until all were read.
 */
export function snapshotBlocks({ table, leaving }: SegmentContent): Iterable<Uint8Array> {
  const { series } = table.streams;
  const leavingNow = leaving.all();
  const counts = { series: series.length, leaving: leavingNow.length, rows: table.rows };
  return blocksOf(table, counts, series, leavingNow);
}

function* blocksOf(
  table: SegmentTable,
  counts: Counts,
  series: Series[],
  leaving: LeavingSegment[],
): Iterable<Uint8Array> {
  yield jsonBlock(counts);
  for (let at = 0; at < series.length; at += ITEMS_AT_A_TIME) {
    yield jsonBlock(series.slice(at, at + ITEMS_AT_A_TIME).map(seriesArray));
  }
  for (let at = 0; at < leaving.length; at += ITEMS_AT_A_TIME) {
    const some = leaving.slice(at, at + ITEMS_AT_A_TIME);
    yield jsonBlock(some.map((each) => segmentJournal.toArray({ type: 'leave', leaving: each })));
  }
  yield* chunks(table, series, counts.rows);
}

/** The first so many live rows, in full chunks but for the last. */
function* chunks(table: SegmentTable, list: Series[], rows: number): Iterable<Uint8Array> {
  const places = new Map(list.map((series, place) => [series.id, place]));
  let left = rows;
  let packed = new SegmentChunk(0);
  for (const chunk of table.columns.chunks) {
    for (let at = 0; at < chunk.rows && left > 0; at++) {
      if (chunk.isDropped(at)) continue;
      packed.copy(chunk, at, places.get(chunk.series[at]!)!);
      left--;
      if (!packed.full) continue;
      yield packed.encode();
      packed = new SegmentChunk(0);
    }
  }
  if (packed.rows > 0) yield packed.encode();
}

/**
 * The content that {@link snapshotBlocks} returned; all segments count as uploaded.
 * @param next returns the next block
 * @throws Error if a block is not what it should be
 */
export async function restoreSegments(
  nodeAlias: string,
  next: () => Promise<Uint8Array>,
): Promise<SegmentContent> {
  const table = new SegmentTable(nodeAlias);
  const leaving = new LeavingSegments();
  const counts = parseBlock<Counts>(await next());
  const list: Series[] = [];
  while (list.length < counts.series) {
    for (const array of parseBlock<SeriesArray[]>(await next())) {
      list.push(seriesOf(table, array));
    }
  }
  while (leaving.size < counts.leaving) {
    for (const array of parseBlock<unknown[][]>(await next())) {
      const entry = segmentJournal.fromArray(array);
      if (entry?.type !== 'leave') throw new Error('it has another entry in place of a deletion');
      leaving.add(entry.leaving);
    }
  }
  while (table.rows < counts.rows) {
    table.adopt(SegmentChunk.decode(table.columns.nextRow, await next()), list);
  }
  return { table, leaving };
}

function seriesArray({ kind, initPath, codec, periodReason, name, folder }: Series): SeriesArray {
  const { prefix, digits, suffix } = name;
  const { stream } = folder;
  const reason = periodReason ?? null;
  return [stream, kind, initPath, codec, reason, name.folder, prefix, digits, suffix];
}

function seriesOf(table: SegmentTable, array: SeriesArray): Series {
  const [stream, kind, initPath, codec, reason, folder, prefix, digits, suffix] = array;
  const fields = { stream, kind, initPath, codec, periodReason: reason ?? undefined };
  return table.streams.seriesFor(fields, { folder, prefix, digits, suffix });
}

function jsonBlock(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function parseBlock<T>(block: Uint8Array): T {
  return JSON.parse(Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString());
}
