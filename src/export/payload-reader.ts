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

/** A file that is open. */
interface OpenSegment {
  path: string;
  file: RecordedBytes;
  /** The bytes of it that were fetched from a bucket last. */
  fetched: { start: number; length: number };
}

/** Reads the payload of segments from front to back; of each kind of track one is open at a time. */
export class PayloadReader {
  readonly #objects: RecordedObjects;
  readonly #open = new Map<TrackKind, OpenSegment>();
  /** Where what is fetched from a bucket waits. */
  readonly #fetched = new Map<TrackKind, Buffer>();

  constructor(objects: RecordedObjects) {
    this.#objects = objects;
  }

  /**
   * Reads bytes of a segment, all of them.
   * @param place what to read, bytes
   * @param target where to put them
   * @param offset from the beginning of `target`
   * @throws Refusal `unreadable-media`; the file system's error; StoreError
   */
  async read(
    kind: TrackKind,
    segment: RangeSegment,
    { position, length }: { position: number; length: number },
    target: Buffer,
    offset: number,
  ): Promise<void> {
    const open = await this.#segment(kind, segment);
    if (open.file.isRemote !== true) {
      return readAll(open.file, segment, position, length, target, offset);
    }
    let waiting = this.#fetched.get(kind);
    if (waiting === undefined) {
      waiting = Buffer.allocUnsafeSlow(FETCH_BYTES);
      this.#fetched.set(kind, waiting);
    }
    for (let done = 0; done < length; ) {
      const { fetched } = open;
      const at = position + done - fetched.start;
      if (at < 0 || at >= fetched.length) {
        const start = position + done;
        const wanted = Math.min(FETCH_BYTES, segment.size - start);
        open.fetched = { start: 0, length: 0 };
        await readAll(open.file, segment, start, wanted, waiting, 0);
        open.fetched = { start, length: wanted };
        continue;
      }
      const end = Math.min(at + length - done, fetched.length);
      done += waiting.copy(target, offset + done, at, end);
    }
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
    const opened = { path, file, fetched: { start: 0, length: 0 } };
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
  target: Buffer,
  offset: number,
): Promise<void> {
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(
      target,
      offset + filled,
      length - filled,
      position + filled,
    );
    if (bytesRead === 0) throw unreadable(path, 'is shorter than it was');
    filled += bytesRead;
  }
}
