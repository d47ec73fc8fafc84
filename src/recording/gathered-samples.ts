import type { TrackTicks } from '../media/media-time.ts';
import type { Sample } from '../media/sample.ts';
import { ChunkMemory } from './chunk-memory.ts';
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

  get isEmpty(): boolean {
    return this.#numbersEnd === 0;
  }

  /** Size of all parts, bytes. */
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
    numbers[at + 4] = parts.length;
    this.#numbersEnd = at + COLUMNS;
    for (const part of parts) {
      this.#parts[this.#partsEnd] = this.#memory.hold(part);
      this.#parts[this.#partsEnd + 1] = part.length;
      this.#partsEnd += 2;
      this.#bytes += part.length;
    }
  }

  /**
   * Takes all samples, in their order; the next one begins another chunk.
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
