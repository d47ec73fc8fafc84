import { JsonBytes } from './json-bytes.ts';
import type { SegmentQuery } from './segment-query.ts';
import type { SegmentTable } from './segment-table.ts';

const open = Buffer.from('{"segments":[');
const end = Buffer.from(',"end_ts":');
const duration = Buffer.from(',"duration_ms":');
const yes = Buffer.from('true,"keyframes":[');
const no = Buffer.from('false,"keyframes":[');
const created = Buffer.from(',"created_at":');
const uploaded = Buffer.from(',"uploaded":true}');
const waiting = Buffer.from(',"uploaded":false}');
const last = Buffer.from('],"last_ts":');
const more = Buffer.from(',"has_more":true}');
const noMore = Buffer.from(',"has_more":false}');
const comma = 0x2c;

/** No number takes more bytes than this. */
const numberBytes = 16;
/** Bytes of a row apart from the parts its series keeps and from its keyframes. */
const rowBytes = 220;

const json = new JsonBytes();

/**
 * One page of segments as UTF-8 JSON, written from the columns: objects and a
 * serializer cost five times as much.
 */
export function segmentPage(table: SegmentTable, query: SegmentQuery): Buffer {
  // One row more than asked for tells whether there is more.
  const rows = table.select(query, query.limit + 1);
  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();

  json.reset();
  json.bytes(open);
  let lastTs = query.sinceTs ?? 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const chunk = table.columns.chunkOf(row);
    const at = row - chunk.base;
    const series = table.seriesOf(chunk, at);
    const { head, path, init, codec } = series.json;
    const keyframesStart = chunk.keyframesStart(at);
    const keyframesEnd = chunk.keyframesEnd(at);
    json.reserve(
      head.length +
        path.length +
        init.length +
        codec.length +
        rowBytes +
        series.name.digits +
        (keyframesEnd - keyframesStart) * (numberBytes + 1),
    );
    const startUs = chunk.startUs[at]!;
    const endUs = chunk.endUs[at]!;
    if (index > 0) json.byte(comma);
    json.bytes(head);
    json.number(startUs);
    json.bytes(end);
    json.number(endUs);
    json.bytes(duration);
    json.number(Math.round((endUs - startUs) / 1000));
    json.bytes(path);
    if (series.name.digits > 0) json.number(chunk.number[at]!, series.name.digits);
    json.bytes(init);
    json.bytes(chunk.isKeyframe(at) ? yes : no);
    for (let place = keyframesStart; place < keyframesEnd; place++) {
      if (place > keyframesStart) json.byte(comma);
      json.number(startUs + chunk.keyframeOffset(place));
    }
    json.bytes(codec);
    json.number(chunk.size[at]!);
    json.bytes(created);
    lastTs = chunk.createdAt[at]!;
    json.number(lastTs);
    json.bytes(chunk.isUploaded(at) ? uploaded : waiting);
  }
  json.reserve(rowBytes);
  json.bytes(last);
  json.number(lastTs);
  json.bytes(hasMore ? more : noMore);
  return json.take();
}
