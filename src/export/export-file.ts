import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { ByteRange } from '../storage/stores/store.ts';
import type { ExportPart } from './export-part.ts';
import { PayloadReader } from './payload-reader.ts';

/** Bytes that are read at a time, at most: 512 KiB. */
const READ_BYTES = 1 << 19;

/**
 * A file that is made while it is read, of parts of recorded files. What it takes in memory is the list of
 * its parts and the samples' table, some 5 MB for two hours, however slowly it is read.
 */
export class ExportFile {
  /** Bytes. */
  readonly size: number;
  /** Strong entity tag with its quotes: the same parts of the same files have the same. */
  readonly etag: string;
  readonly #objects: RecordedObjects;
  readonly #parts: readonly ExportPart[];

  constructor(objects: RecordedObjects, parts: readonly ExportPart[]) {
    this.#objects = objects;
    this.#parts = parts;
    this.size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.etag = entityTag(parts);
  }

  /**
   * Reads it, whole or in part. Destroying the stream closes what is open.
   *
   * The stream ends in an error where a recorded file cannot be read, or is another than when the export was
   * planned: Refusal `unreadable-media`, the file system's error, StoreError. It never ends short.
   */
  open(range?: ByteRange): Readable {
    const start = range?.start ?? 0;
    const end = Math.min((range?.end ?? this.size - 1) + 1, this.size);
    return Readable.from(this.#read(start, end), { objectMode: false, highWaterMark: READ_BYTES });
  }

  async *#read(start: number, end: number): AsyncGenerator<Buffer> {
    const reader = new PayloadReader(this.#objects);
    try {
      yield* readParts(this.#parts, reader, start, end);
    } finally {
      await reader.close();
    }
  }
}

/** @param start bytes from the beginning of the first part */
async function* readParts(
  parts: readonly ExportPart[],
  reader: PayloadReader,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  let partStart = 0;
  for (const part of parts) {
    if (partStart >= end) return;
    const from = Math.max(start - partStart, 0);
    const to = Math.min(end - partStart, part.byteLength);
    partStart += part.byteLength;
    if (to <= from) continue;
    if ('expand' in part) yield* readParts(part.expand(), reader, from, to);
    else if ('data' in part) yield part.data.subarray(from, to);
    else {
      for (let at = from; at < to; at += READ_BYTES) {
        const length = Math.min(READ_BYTES, to - at);
        yield await reader.read(part.kind, part.segment, part.offset + at, length);
      }
    }
  }
}

function entityTag(parts: readonly ExportPart[]): string {
  const hash = createHash('sha256');
  addToHash(hash, parts);
  return `"${hash.digest('base64url').slice(0, 32)}"`;
}

function addToHash(hash: Hash, parts: readonly ExportPart[]): void {
  for (const part of parts) {
    if ('expand' in part) addToHash(hash, part.expand());
    else if ('data' in part) hash.update(part.data);
    else {
      const { path, size, startUs } = part.segment;
      hash.update(`${path} ${size} ${startUs} ${part.offset} ${part.byteLength}\n`);
    }
  }
}
