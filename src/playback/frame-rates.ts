import { containerNamed } from '../containers/registry.ts';
import type { RecordedObjects } from './recorded-objects.ts';
import type { RangeTrack, RecordedRange } from './recorded-range.ts';

/** Periods that are looked at: the longest ones. */
const MOST_PERIODS = 4;
/** Bytes of a segment that are read: some seconds. */
const READ_BYTES = 1 << 20;
/** Rates that are kept: those of many streams at once. */
const MOST_KEPT = 256;

/** How many pictures a second there are in what was recorded, as its files tell. */
export class FrameRates {
  readonly #objects: Pick<RecordedObjects, 'open'>;
  /** By object path of the segment that tells; 0 where it does not. */
  readonly #known = new Map<string, number>();

  constructor(objects: Pick<RecordedObjects, 'open'>) {
    this.#objects = objects;
  }

  /**
   * The greatest frame rate of the longest Periods of a range, pictures a second.
   * @returns undefined where there are no pictures, or none of the files that were looked at can be read
   * @throws the file system's error; StoreError
   */
  async of({ periods }: RecordedRange): Promise<number | undefined> {
    const longest = periods
      .filter(({ video }) => video !== undefined)
      .toSorted((a, b) => b.endUs - b.startUs - (a.endUs - a.startUs))
      .slice(0, MOST_PERIODS);
    const rates = await Promise.all(longest.map(({ video }) => this.#rateOf(video!)));
    const most = Math.max(0, ...rates);
    return most === 0 ? undefined : most;
  }

  async #rateOf(track: RangeTrack): Promise<number> {
    const { segments, container } = track;
    // The first picture of a Period may stand for long.
    const { path, size } = segments[1] ?? segments[0]!;
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const file = await this.#objects.open(path, size);
    if (file === undefined) return 0;
    let rate = 0;
    try {
      // At once, since a bucket is asked for each read.
      const data = Buffer.alloc(Math.min(READ_BYTES, file.size));
      const { bytesRead } = await file.read(data, 0, data.length, 0);
      const bytes = {
        read: async (target: Buffer, offset: number, length: number, position: number) => ({
          bytesRead: data.copy(target, offset, position, Math.min(position + length, bytesRead)),
        }),
      };
      const { chunks } = await containerNamed(container).readChunks(bytes, file.size);
      const durations = chunks.flatMap(({ sampleDurations }) => sampleDurations);
      // The usual one: a lost picture makes another one longer.
      const usual = durations.toSorted((a, b) => a - b)[durations.length >> 1];
      if (usual !== undefined && usual > 0) rate = track.timescale / usual;
    } finally {
      await file.close();
    }
    this.#known.set(path, rate);
    if (this.#known.size > MOST_KEPT) this.#known.delete(this.#known.keys().next().value!);
    return rate;
  }
}
