import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';

/**
 * How the pictures of a stream are to be shown, by what its packets said. What one says holds for its
 * picture and those after it (3GPP TS 26.114 §7.4.5: with each keyframe, and where it changes); packets may
 * come again and in another order.
 */
export class StatedOrientation {
  #stated = UPRIGHT;
  #before = UPRIGHT;
  /** RTP timestamp of the first picture known to have the stated one; undefined before any. */
  #from: number | undefined;

  /** Takes what a packet says. @param timestamp of its picture, 32 bits */
  note(orientation: PictureOrientation, timestamp: number): void {
    const isLate = this.#from !== undefined && isBefore(timestamp, this.#from);
    if (orientation === this.#stated) {
      if (isLate) this.#from = timestamp;
    } else if (!isLate) {
      this.#before = this.#stated;
      this.#stated = orientation;
      this.#from = timestamp;
    }
  }

  /** How a picture is to be shown. @param timestamp of it, 32 bits */
  at(timestamp: number): PictureOrientation {
    const isEarlier = this.#from !== undefined && isBefore(timestamp, this.#from);
    return isEarlier ? this.#before : this.#stated;
  }

  /** Forgets all: what follows is another stream. */
  reset(): void {
    this.#stated = UPRIGHT;
    this.#before = UPRIGHT;
    this.#from = undefined;
  }
}

/** Whether an RTP timestamp is earlier than another one, of which it is less than half a round away. */
function isBefore(timestamp: number, other: number): boolean {
  return ((timestamp - other) | 0) < 0;
}
