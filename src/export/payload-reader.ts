import type { TrackKind } from '../media/access-unit.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { RangeSegment } from '../playback/recorded-range.ts';
import type { RecordedBytes } from '../storage/recordings-reader.ts';
import { mustBeWhole, unreadable } from './recorded-samples.ts';

/**
 * Bytes that are fetched from a bucket at a time: an answer that waits for a slow reader would be cut off
 * by the server, and each request takes a while.
 */
const FETCH_BYTES = 4 << 20;

/** A file that is open, and of one in a bucket the bytes that were fetched last. */
interface OpenSegment {
  path: string;
  file: RecordedBytes;
  fetched: { start: number; data: Buffer } | undefined;
}

/** Reads the payload of segments from front to back; of each kind of track one is open at a time. */
export class PayloadReader {
  readonly #objects: RecordedObjects;
  readonly #open = new Map<TrackKind, OpenSegment>();

  constructor(objects: RecordedObjects) {
    this.#objects = objects;
  }

  /**
   * @param length bytes, at most some megabytes
   * @returns all of them, in a buffer that nobody writes to any more
   * @throws Refusal `unreadable-media`; the file system's error; StoreError
   */
  async read(
    kind: TrackKind,
    segment: RangeSegment,
    position: number,
    length: number,
  ): Promise<Buffer> {
    const open = await this.#segment(kind, segment);
    if (open.file.isRemote !== true) return readAll(open.file, segment, position, length);
    const { fetched } = open;
    const at = fetched === undefined ? -1 : position - fetched.start;
    if (fetched !== undefined && at >= 0 && at + length <= fetched.data.length) {
      return fetched.data.subarray(at, at + length);
    }
    const wanted = Math.min(Math.max(FETCH_BYTES, length), segment.size - position);
    open.fetched = undefined;
    const data = await readAll(open.file, segment, position, wanted);
    open.fetched = { start: position, data };
    return data.subarray(0, length);
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    for (const { file } of this.#open.values()) await file.close();
    this.#open.clear();
  }

  async #segment(kind: TrackKind, segment: RangeSegment): Promise<OpenSegment> {
    const { path, size } = segment;
    const known = this.#open.get(kind);
    if (known?.path === path) return known;
    this.#open.delete(kind);
    await known?.file.close();
    const file = await this.#objects.open(path, size);
    if (file === undefined) throw unreadable(path, 'is missing');
    const opened = { path, file, fetched: undefined };
    this.#open.set(kind, opened);
    mustBeWhole(file.size, segment);
    return opened;
  }
}

async function readAll(
  file: RecordedBytes,
  { path }: RangeSegment,
  position: number,
  length: number,
): Promise<Buffer> {
  // Its own memory, not a slice of the pool: it is given away.
  const data = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(data, filled, length - filled, position + filled);
    if (bytesRead === 0) throw unreadable(path, 'is shorter than it was');
    filled += bytesRead;
  }
  return data;
}
