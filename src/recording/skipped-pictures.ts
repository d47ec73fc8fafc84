import type { Ticks } from '../media/media-time.ts';

/**
 * Maximum number of leading pictures: as many as may be decoded before one that is shown earlier.
 */
const MOST_LEADING = 16;

/**
 * Determines which pictures must be dropped where decoding starts: those that follow the first
 * picture, precede it in presentation order, and refer to missing pictures.
 */
export class SkippedPictures {
  #from: Ticks = 0;
  #left = 0;

  /**
   * Decoding starts here, or pictures are complete from here on. @param shown presentation time of
   * the first
   */
  startAt(shown: Ticks): void {
    this.#from = shown;
    this.#left = MOST_LEADING;
  }

  /** No more pictures are dropped. */
  clear(): void {
    this.#left = 0;
  }

  /**
   * Takes the next picture that is not a keyframe, in decoding order. @returns true if it must be
   * dropped
   */
  skips(shown: Ticks): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return shown < this.#from;
  }
}
