import { LENGTH_BYTES } from '../containers/mp4/chunk.ts';
import type { TrackTicks } from '../media/media-time.ts';
import type { Sample } from '../media/sample.ts';
import { ChunkMemory, PIECE_BYTES } from './chunk-memory.ts';
import type { PlacedUnit } from './placed-unit.ts';

/** Numbers of a sample: time, duration, composition offset, flags, and how many parts it has. */
const COLUMNS = 5;
const KEYFRAME = 1;
const RECOVERY_POINT = 2;

/**
 * Gathers the samples of a chunk as numbers and bytes. Objects would live for the second that a chunk takes, as
 * nothing else does that a packet leaves behind, and so reach V8's old generation, which is only collected with
 * the whole heap.
 */
export class GatheredSamples {
  /** One sample after another, see {@link COLUMNS}; the memory is used again for the next chunk. */
  readonly #numbers: number[] = [];
  #numbersEnd = 0;
  /** Place and length of each part, likewise. */
  readonly #parts: number[] = [];
  #partsEnd = 0;
  #memory = new ChunkMemory();
  #bytes = 0;
  readonly #isLengthPrefixed: boolean;

  /** @param isLengthPrefixed each part is preceded by its length, see `ChunkOptions` */
  constructor(isLengthPrefixed: boolean) {
    this.#isLengthPrefixed = isLengthPrefixed;
  }

  get isEmpty(): boolean {
    return this.#numbersEnd === 0;
  }

  /** Size of all parts without their lengths, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds the sample of a unit, of which it copies the parts. Times are in ticks of the track's timescale, see
   * {@link Sample}.
   */
  push(
    { keyframe, isRecoveryPoint, parts }: PlacedUnit,
    time: TrackTicks,
    duration: number,
    compositionOffset: number,
  ): void {
    const numbers = this.#numbers;
    const at = this.#numbersEnd;
    numbers[at] = time;
    numbers[at + 1] = duration;
    numbers[at + 2] = compositionOffset;
    numbers[at + 3] = (keyframe ? KEYFRAME : 0) | (isRecoveryPoint === true ? RECOVERY_POINT : 0);
    this.#numbersEnd = at + COLUMNS;
    const before = this.#partsEnd;
    for (const part of parts) {
      if (this.#isLengthPrefixed) {
        this.#add(this.#memory.holdLength(part.length), LENGTH_BYTES, before);
      }
      this.#add(this.#memory.hold(part), part.length, before);
      this.#bytes += part.length;
    }
    numbers[at + 4] = (this.#partsEnd - before) / 2;
  }

  /** Adds what is held to the sample whose parts begin at an index; what follows in memory becomes one part. */
  #add(place: number, length: number, first: number): void {
    const parts = this.#parts;
    const end = this.#partsEnd;
    if (end > first) {
      const joined = parts[end - 1]! + length;
      if (parts[end - 2]! + parts[end - 1]! === place && joined <= PIECE_BYTES) {
        parts[end - 1] = joined;
        return;
      }
    }
    parts[end] = place;
    parts[end + 1] = length;
    this.#partsEnd = end + 2;
  }

  /**
   * Takes all samples, in their order, with the lengths in their parts; the next one begins another chunk.
   * @returns them with the memory that their parts are in: release it once they are written
   */
  take(): { samples: Sample[]; memory: ChunkMemory } {
    const numbers = this.#numbers;
    const memory = this.#memory;
    const samples: Sample[] = [];
    let part = 0;
    for (let at = 0; at < this.#numbersEnd; at += COLUMNS) {
      const flags = numbers[at + 3]!;
      const parts: Buffer[] = [];
      for (let left = numbers[at + 4]!; left > 0; left--) {
        parts.push(memory.view(this.#parts[part]!, this.#parts[part + 1]!));
        part += 2;
      }
      samples.push({
        time: numbers[at]!,
        duration: numbers[at + 1]!,
        compositionOffset: numbers[at + 2]!,
        keyframe: (flags & KEYFRAME) !== 0,
        isRecoveryPoint: (flags & RECOVERY_POINT) !== 0,
        parts,
      });
    }
    this.#numbersEnd = 0;
    this.#partsEnd = 0;
    this.#bytes = 0;
    this.#memory = new ChunkMemory();
    return { samples, memory };
  }
}
