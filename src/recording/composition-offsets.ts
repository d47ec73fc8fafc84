import type { Ticks } from '../media/media-time.ts';
import type { Picture } from './picture-order.ts';

/** Durations that are remembered, a power of 2: more than one picture is ever overtaken by. */
const REMEMBERED = 32;

/**
 * How much later than the place of its sample each picture of a stream is shown. Places are where
 * samples were really laid, which differs from the pictures' own where a Period begins later than its
 * first pictures, and where the picture is brought back into step with the sound: order and distance
 * of the pictures stay right all the same.
 */
export class CompositionOffsets {
  readonly #durations = new Int32Array(REMEMBERED);
  #count = 0;

  /**
   * @param time of the sample
   * @param base where the track's own timeline begins
   * @param floor nothing is shown before this
   * @param step the least by which the track's times can differ
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

  /** Notes that a sample was laid. */
  note(duration: Ticks): void {
    this.#durations[this.#count++ & (REMEMBERED - 1)] = duration;
  }
}
