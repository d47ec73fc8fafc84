import type { Ticks } from '../media/media-time.ts';

/** Pictures that may lead another one: as many as may be decoded before one that is shown earlier. */
const MOST_LEADING = 16;

/**
 * Tells which pictures have to be left out where decoding starts: they come after the first picture, are
 * shown before it, and refer to what is not there.
 */
export class SkippedPictures {
  #from: Ticks = 0;
  #left = 0;

  /** Notes that decoding starts, or shows whole pictures from then on. @param shown when the first is */
  startAt(shown: Ticks): void {
    this.#from = shown;
    this.#left = MOST_LEADING;
  }

  /** Notes that nothing is to be left out any more. */
  clear(): void {
    this.#left = 0;
  }

  /** Takes the next picture that is no keyframe, in decoding order. @returns true when it is to be left out */
  skips(shown: Ticks): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return shown < this.#from;
  }
}
