import { JsonBytes } from './json-bytes.ts';
import { putNumber, putShortText, putText, TimeWriter, textWords } from './json-words.ts';
import type { SegmentChunk } from './segment-chunk.ts';
import type { SegmentQuery } from './segment-query.ts';
import { AFTER_INIT, type Series } from './segment-series.ts';
import type { SegmentTable } from './segment-table.ts';

const OPEN = textWords('{"segments":[');
const END = textWords(',"end_ts":');
const DURATION = textWords(',"duration_ms":');
const NO = textWords('false,"keyframes":[');
const CREATED = textWords(',"created_at":');
const UPLOADED = textWords(',"uploaded":true}');
const WAITING = textWords(',"uploaded":false}');
const LAST = textWords('],"last_ts":');
const MORE = textWords(',"has_more":true}');
const NO_MORE = textWords(',"has_more":false}');
const COMMA = 0x2c;

/** Maximum size of a keyframe with its comma, bytes. */
const KEYFRAME_BYTES = 17;
/** Maximum size of the rest of a row, beside the parts from its series, and of the end of a page, bytes. */
const ROW_BYTES = 220;

/** Replies up to this size are text, bytes. */
const TEXT_BYTES = 16_384;

const json = new JsonBytes();
const mediaTimes = new TimeWriter();
const listedTimes = new TimeWriter();

/** A page of segments as UTF-8 JSON. */
export function segmentPage(table: SegmentTable, query: SegmentQuery): Buffer {
  return json.take(writePage(table, query));
}

/** A page to be sent. */
export interface SegmentReply {
  /**
   * Short ones are text, which Node sends in one piece with the headers. That saves a third of the time of a
   * poll.
   */
  body: Buffer | string;
  /**
   * Called once, when the body has been sent or is not sent any more: its memory is used again. Absent if it has
   * none of its own.
   */
  release?: () => void;
}

/** The same as {@link segmentPage}, without a copy of it. */
export function segmentReply(table: SegmentTable, query: SegmentQuery): SegmentReply {
  const length = writePage(table, query);
  if (length <= TEXT_BYTES) return { body: json.text(length) };
  const body = json.lend(length);
  return { body, release: () => json.release(body) };
}

/**
 * Written directly from the columns: objects and a serializer are ten times slower.
 * @returns the size of the page
 */
function writePage(table: SegmentTable, query: SegmentQuery): number {
  // One more row than the limit shows whether there are more.
  const rows = table.select(query, query.limit + 1);
  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();

  let to = putText(json.reserve(0, ROW_BYTES), 0, OPEN);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const chunk = table.columns.chunkOf(row);
    const at = row - chunk.base;
    const series = table.streams.seriesOf(chunk, at);
    const keyframes = chunk.keyframesEnd(at) - chunk.keyframesStart(at);
    const view = json.reserve(to, series.json.length + ROW_BYTES + keyframes * KEYFRAME_BYTES);
    if (index > 0) view.setUint8(to++, COMMA);
    to = putRow(view, to, chunk, at, series);
  }
  const last = rows.at(-1);
  const lastTs = last === undefined ? (query.sinceTs ?? 0) : table.columns.createdAt(last);
  const view = json.reserve(to, ROW_BYTES);
  to = putNumber(view, putText(view, to, LAST), lastTs);
  return putText(view, to, hasMore ? MORE : NO_MORE);
}

/** @returns the position behind it */
function putRow(
  view: DataView,
  start: number,
  chunk: SegmentChunk,
  at: number,
  series: Series,
): number {
  const { head, path, init, codec } = series.json;
  const lengthUs = chunk.lengthUs(at);
  let to = putText(view, start, head);
  to = mediaTimes.put(view, to, chunk.startUs, at, 0);
  to = putShortText(view, to, END);
  to = mediaTimes.put(view, to, chunk.startUs, at, lengthUs);
  to = putShortText(view, to, DURATION);
  to = putNumber(view, to, Math.round(lengthUs / 1000));
  to = putText(view, to, path);
  const { digits } = series.name;
  if (digits > 0) to = putNumber(view, to, chunk.number[at]!, digits);
  to = putText(view, to, init);
  if (!chunk.isKeyframe(at)) to = putText(view, to - AFTER_INIT.length, NO);
  to = putKeyframes(view, to, chunk, at);
  to = putText(view, to, codec);
  to = putNumber(view, to, chunk.size(at));
  to = putShortText(view, to, CREATED);
  to = listedTimes.put(view, to, chunk.createdAt, at, 0);
  return putText(view, to, chunk.isUploaded(at) ? UPLOADED : WAITING);
}

/** @returns the position behind them */
function putKeyframes(view: DataView, start: number, chunk: SegmentChunk, at: number): number {
  const first = chunk.keyframesStart(at);
  const end = chunk.keyframesEnd(at);
  let to = start;
  for (let place = first; place < end; place++) {
    if (place > first) view.setUint8(to++, COMMA);
    to = mediaTimes.put(view, to, chunk.startUs, at, chunk.keyframeOffset(place));
  }
  return to;
}
