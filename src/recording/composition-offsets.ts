import type { Ticks } from '../media/media-time.ts';
import type { Picture } from './picture-order.ts';

/**
 * Number of durations that are remembered, a power of 2: more than the number of pictures that can
 * overtake one.
 */
const REMEMBERED = 32;

/**
 * Composition offsets: how much later than its sample's decoding time each picture of a stream is
 * shown. They are based on the times at which samples were actually laid. Those differ from the
 * pictures' own if a Period begins later than its first pictures, or if the picture is brought back
 * into step with the sound; order and distances of the pictures stay right nevertheless.
 */
export class CompositionOffsets {
  readonly #durations = new Int32Array(REMEMBERED);
  #count = 0;

  /**
   * @param time decoding time of the sample
   * @param base where the track's own timeline begins
   * @param floor nothing is shown before this
   * @param step the resolution of the track's times
   */
  of({ lead, shown }: Picture, time: Ticks, base: Ticks, floor: Ticks, step: Ticks): Ticks {
    if (lead === 0) return 0;
    if (lead === undefined) return Math.max(base + shown, floor + step) - time;
    if (lead > 0) return Math.max(base + shown - time, lead * step);
    let offset = 0;
    for (let back = 1; back <= -lead; back++) {
      offset -= this.#durations[(this.#count - back) & (REMEMBERED - 1)]!;
    }
    return Math.max(offset, floor - time);
  }

  /** Records the duration of a sample that was laid. */
  note(duration: Ticks): void {
    this.#durations[this.#count++ & (REMEMBERED - 1)] = duration;
  }
}
