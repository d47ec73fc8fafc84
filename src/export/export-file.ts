import { createHash, type Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { ByteRange } from '../storage/stores/store.ts';
import type { ExportPart } from './export-part.ts';
import { LentChunks } from './lent-chunks.ts';
import { PayloadReader } from './payload-reader.ts';

/** Bytes that are read, and sent, at a time: 512 KiB. */
const CHUNK_BYTES = 1 << 19;

/**
 * A file that is made while it is read, of parts of recorded files. What it takes in memory is the list of
 * its parts and the samples' table, some 5 MB for two hours, however slowly it is read.
 */
export class ExportFile {
  /** Bytes. */
  readonly size: number;
  /** Bytes of it that are in memory: the samples' tables, and what stands in for missing sound. */
  readonly madeBytes: number;
  /** Strong entity tag with its quotes: the same parts of the same files have the same. */
  readonly etag: string;
  readonly #objects: RecordedObjects;
  readonly #parts: readonly ExportPart[];

  constructor(objects: RecordedObjects, parts: readonly ExportPart[]) {
    this.#objects = objects;
    this.#parts = parts;
    this.size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.madeBytes = parts.reduce((sum, part) => sum + ('data' in part ? part.byteLength : 0), 0);
    this.etag = entityTag(parts);
  }

  /**
   * Reads it, whole or in part, to be piped. Destroying the stream closes what is open. It ends in an error as
   * {@link chunks} do, and never short.
   */
  open(range?: ByteRange): Readable {
    return new LentChunks(this.chunks(range));
  }

  /**
   * Reads it, whole or in part, chunk by chunk. A chunk stays as it is until the one after the next is asked
   * for: there are two pieces of memory for all of them.
   * @throws where a recorded file cannot be read, or is another than when the export was planned: Refusal
   * `unreadable-media`, the file system's error, StoreError
   */
  async *chunks(range?: ByteRange): AsyncGenerator<Buffer> {
    const start = range?.start ?? 0;
    const end = Math.min((range?.end ?? this.size - 1) + 1, this.size);
    const bytes = Math.min(CHUNK_BYTES, end - start);
    let chunk = Buffer.allocUnsafeSlow(bytes);
    let other = Buffer.allocUnsafeSlow(bytes);
    let filled = 0;
    const reader = new PayloadReader(this.#objects);
    try {
      for (const { part, from, to } of slices(this.#parts, start, end)) {
        for (let at = from; at < to; ) {
          const length = Math.min(to - at, bytes - filled);
          if ('data' in part) part.data.copy(chunk, filled, at, at + length);
          else {
            const place = { position: part.offset + at, length };
            await reader.read(part.kind, part.segment, place, chunk, filled);
          }
          at += length;
          filled += length;
          if (filled < bytes) continue;
          yield chunk;
          [chunk, other] = [other, chunk];
          filled = 0;
        }
      }
      if (filled > 0) yield chunk.subarray(0, filled);
    } finally {
      await reader.close();
    }
  }
}

/** A part, or some of its bytes. */
interface Slice {
  part: Exclude<ExportPart, { expand(): ExportPart[] }>;
  from: number;
  to: number;
}

/** What lies between two bytes, counted from the beginning of the first part. */
function* slices(parts: readonly ExportPart[], start: number, end: number): Generator<Slice> {
  let partStart = 0;
  for (const part of parts) {
    if (partStart >= end) return;
    const from = Math.max(start - partStart, 0);
    const to = Math.min(end - partStart, part.byteLength);
    partStart += part.byteLength;
    if (to <= from) continue;
    if ('expand' in part) yield* slices(part.expand(), from, to);
    else yield { part, from, to };
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
