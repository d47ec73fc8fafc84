import { JsonBytes } from './json-bytes.ts';
import type { SegmentQuery } from './segment-query.ts';
import type { SegmentTable } from './segment-table.ts';

const OPEN = Buffer.from('{"segments":[');
const END = Buffer.from(',"end_ts":');
const DURATION = Buffer.from(',"duration_ms":');
const YES = Buffer.from('true,"keyframes":[');
const NO = Buffer.from('false,"keyframes":[');
const CREATED = Buffer.from(',"created_at":');
const UPLOADED = Buffer.from(',"uploaded":true}');
const WAITING = Buffer.from(',"uploaded":false}');
const LAST = Buffer.from('],"last_ts":');
const MORE = Buffer.from(',"has_more":true}');
const NO_MORE = Buffer.from(',"has_more":false}');
const COMMA = 0x2c;

/** Maximum size of a number, bytes. */
const NUMBER_BYTES = 16;
/** Size of a row without the parts from its series and without its keyframes, bytes. */
const ROW_BYTES = 220;

/** Replies up to this size are text, bytes. */
const TEXT_BYTES = 16_384;

const json = new JsonBytes();

/** A page of segments as UTF-8 JSON. */
export function segmentPage(table: SegmentTable, query: SegmentQuery): Buffer {
  writePage(table, query);
  return json.take();
}

/** A page to be sent. */
export interface SegmentReply {
  /**
   * Short ones are text, which Node sends in one piece with the headers. That saves a third of the time of a
   * poll.
   */
  body: Buffer | string;
  /** Called once, when the body has been sent or is not sent any more: its memory is used again. */
  release(): void;
}

/** The same as {@link segmentPage}, without a copy of it. */
export function segmentReply(table: SegmentTable, query: SegmentQuery): SegmentReply {
  writePage(table, query);
  if (json.length <= TEXT_BYTES) return { body: json.text(), release() {} };
  const body = json.lend();
  return { body, release: () => json.release(body) };
}

/** Written directly from the columns: objects and a serializer are five times slower. */
function writePage(table: SegmentTable, query: SegmentQuery): void {
  // One more row than the limit shows whether there are more.
  const rows = table.select(query, query.limit + 1);
  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();

  json.reset();
  json.bytes(OPEN);
  let lastTs = query.sinceTs ?? 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const chunk = table.columns.chunkOf(row);
    const at = row - chunk.base;
    const series = table.streams.seriesOf(chunk, at);
    const { head, path, init, codec } = series.json;
    const keyframesStart = chunk.keyframesStart(at);
    const keyframesEnd = chunk.keyframesEnd(at);
    json.reserve(
      head.length +
        path.length +
        init.length +
        codec.length +
        ROW_BYTES +
        series.name.digits +
        (keyframesEnd - keyframesStart) * (NUMBER_BYTES + 1),
    );
    const startUs = chunk.startUs[at]!;
    const endUs = chunk.endUs(at);
    if (index > 0) json.byte(COMMA);
    json.bytes(head);
    json.number(startUs);
    json.bytes(END);
    json.number(endUs);
    json.bytes(DURATION);
    json.number(Math.round((endUs - startUs) / 1000));
    json.bytes(path);
    if (series.name.digits > 0) json.number(chunk.number[at]!, series.name.digits);
    json.bytes(init);
    json.bytes(chunk.isKeyframe(at) ? YES : NO);
    for (let place = keyframesStart; place < keyframesEnd; place++) {
      if (place > keyframesStart) json.byte(COMMA);
      json.number(startUs + chunk.keyframeOffset(place));
    }
    json.bytes(codec);
    json.number(chunk.size(at));
    json.bytes(CREATED);
    lastTs = chunk.createdAt[at]!;
    json.number(lastTs);
    json.bytes(chunk.isUploaded(at) ? UPLOADED : WAITING);
  }
  json.reserve(ROW_BYTES);
  json.bytes(LAST);
  json.number(lastTs);
  json.bytes(hasMore ? MORE : NO_MORE);
}
