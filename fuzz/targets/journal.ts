import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { JournalFormat } from '../../src/journal/journal-line.ts';
import { encodeEntry, encodeHeader, MAX_LINE_BYTES } from '../../src/journal/journal-line.ts';
import { readJournal } from '../../src/journal/journal-reader.ts';
import { recordJournal } from '../../src/record-catalogue/record-journal.ts';
import { RecordTable } from '../../src/record-catalogue/record-table.ts';
import { segmentJournal } from '../../src/segment-index/segment-journal.ts';
import { segmentPage } from '../../src/segment-index/segment-page.ts';
import { SegmentTable } from '../../src/segment-index/segment-table.ts';
import { MemoryFile } from '../memory-file.ts';
import { type FuzzTarget, must } from '../target.ts';

const SEGMENT = {
  stream: 'cam1',
  kind: 'video' as const,
  startUs: 1753315200000000,
  endUs: 1753315210000000,
  path: 'cam1/2025/07/24/seg_0001.m4s',
  initPath: 'cam1/2025/07/24/init.m4s',
  isKeyframe: true,
  keyframes: [1753315200000000],
  codec: 'avc1.42e01f',
  size: 3145728,
};
const RECORD = {
  stream: 'cam1',
  recordId: '1753315200',
  startUs: 1753315200000000,
  endUs: 1753315210000000,
  mpdPath: 'cam1/2025/07/24/manifest.mpd',
  status: 'Completed' as const,
};
const KEY = { stream: 'cam1', record: '1753315200' };
const segmentLines = [
  encodeHeader(segmentJournal, { version: 1, lastStamp: 5 }),
  encodeEntry(segmentJournal, { type: 'segment', createdAt: 1753315210123456, segment: SEGMENT }),
  encodeEntry(segmentJournal, {
    type: 'segment',
    createdAt: 1753315210123457,
    segment: { ...SEGMENT, kind: 'audio' },
  }),
  encodeEntry(segmentJournal, { type: 'evict', beforeUs: 1753315200000001 }),
];
const recordLines = [
  encodeHeader(recordJournal, { version: 1, lastStamp: 5 }),
  encodeEntry(recordJournal, { type: 'record', updatedAt: 7, newsAt: 7, record: RECORD }),
  encodeEntry(recordJournal, { type: 'receipt', receipt: 'acked', key: KEY }),
  encodeEntry(recordJournal, { type: 'receipt', receipt: 'removed', key: KEY }),
  encodeEntry(recordJournal, { type: 'evict', beforeUs: 9, unackedBeforeUs: 8 }),
];

const CHECKSUM_BYTES = 8;
const MOST_WITH_CHECKSUMS = 128 * 1024;

/** A journal as it is, then its lines with right checksums: what is read goes into index and catalogue. */
export const target: FuzzTarget = {
  covers: [
    'src/journal/journal-line.ts',
    'src/journal/journal-reader.ts',
    'src/segment-index/segment-journal.ts',
    'src/segment-index/segment-check.ts',
    'src/segment-index/segment-table.ts',
    'src/layout/segment-name.ts',
    'src/record-catalogue/record-journal.ts',
    'src/record-catalogue/record-table.ts',
    'src/record-catalogue/record.ts',
  ],
  // More than the reader's buffer holds.
  maxBytes: 2 * MAX_LINE_BYTES + 1024,
  lines: true,
  dictionary: [
    ...segmentLines,
    ...recordLines,
    'null',
    '[]',
    '{}',
    ',',
    '["evict",1]',
    '[1,"a"]',
    '-0',
    '1e99',
  ],
  seeds: () =>
    [segmentLines, recordLines].flatMap((lines) => [
      Buffer.from(lines.join('')),
      Buffer.from(lines.map((line) => line.slice(9)).join('')),
    ]),
  async run(input) {
    await checkSegments(input);
    // Some ten µs for each line that is no JSON: time in proportion, but too much of it.
    if (input.length > MOST_WITH_CHECKSUMS) return;
    const withChecksums = checksummed(input);
    await checkSegments(withChecksums);
    await checkRecords(withChecksums);
  },
};

/** Each line behind the checksum that it should have. */
function checksummed(input: Buffer): Buffer {
  const result = Buffer.allocUnsafe(input.length + (input.length + 1) * (CHECKSUM_BYTES + 1));
  let length = 0;
  for (let start = 0; start < input.length; ) {
    const newline = input.indexOf(0x0a, start);
    const end = newline < 0 ? input.length : newline + 1;
    const body = input.subarray(start, newline < 0 ? end : newline);
    const checksum = crc32(body).toString(16).padStart(CHECKSUM_BYTES, '0');
    length += result.write(`${checksum} `, length, 'latin1');
    length += input.copy(result, length, start, end);
    start = end;
  }
  return result.subarray(0, length);
}

async function read<Entry extends { type: string }>(
  bytes: Buffer,
  format: JournalFormat<Entry>,
  onEntry: (entry: Entry) => boolean,
): Promise<void> {
  const file = new MemoryFile(bytes) as unknown as FileHandle;
  try {
    const { length, tornBytes, damaged, firstDamaged } = await readJournal(
      file,
      'journal',
      format,
      () => {},
      onEntry,
    );
    must(length + tornBytes === bytes.length, 'each byte is in a line or torn');
    must(tornBytes === bytes.length - (bytes.lastIndexOf(0x0a) + 1), 'a torn line has no end');
    must(damaged > 0 === (firstDamaged !== undefined), 'the first damaged line has a place');
  } catch (error) {
    const { message } = error as Error;
    if (!/is not a (segment|record) journal|by a later version/.test(message)) throw error;
  }
}

async function checkSegments(bytes: Buffer): Promise<void> {
  const table = new SegmentTable('node');
  await read(bytes, segmentJournal, (entry) => {
    if (entry.type === 'evict') table.evict(entry.beforeUs);
    else if (entry.type === 'remove') table.remove(entry.createdAt);
    else if (entry.type === 'leave') table.remove(entry.leaving.createdAt);
    else if (entry.type === 'gone') must(typeof entry.path === 'string', 'a path is text');
    else if (entry.createdAt <= table.columns.lastCreatedAt) return false;
    else table.insert(entry.createdAt, entry.segment);
    return true;
  });
  must(table.rows >= 0, 'rows are counted');
  const page = JSON.parse(segmentPage(table, { limit: 1000 }).toString());
  must(page.segments.length === Math.min(1000, table.rows), 'a page lists what was read');
  for (const one of page.segments) {
    for (const time of [one.start_ts, one.end_ts, one.created_at, one.size]) {
      must(Number.isSafeInteger(time) && time >= 0, 'a page has numbers that Liveman can read');
    }
    must(typeof one.stream === 'string' && typeof one.path === 'string', 'a page has texts');
  }
}

async function checkRecords(bytes: Buffer): Promise<void> {
  const table = new RecordTable();
  let last = 0;
  await read(bytes, recordJournal, (entry) => {
    if (entry.type === 'evict') {
      table.evict(entry.beforeUs, entry.unackedBeforeUs);
    } else if (entry.type === 'receipt') {
      table.setReceipt(entry.key, entry.receipt);
    } else if (entry.type === 'forget') {
      table.forget(entry.key);
    } else {
      if (entry.updatedAt <= last) return false;
      last = entry.updatedAt;
      table.put(entry.record, entry.updatedAt, entry.newsAt);
    }
    return true;
  });
  must(table.size >= 0, 'records are counted');
}
