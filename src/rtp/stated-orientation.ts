import { type PictureOrientation, UPRIGHT } from '../media/picture-orientation.ts';

/**
 * The orientation of a stream's pictures, as signalled in its packets. A signalled orientation
 * applies to its picture and the later ones (3GPP TS 26.114 §7.4.5: sent with each keyframe, and on
 * changes); packets may be repeated and reordered.
 */
export class StatedOrientation {
  #stated = UPRIGHT;
  #before = UPRIGHT;
  /**
   * RTP timestamp of the first picture known to have the orientation; undefined before the first.
   */
  #from: number | undefined;

  /** Takes a signalled orientation. @param timestamp of its picture, 32 bits */
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

  /** The orientation of a picture. @param timestamp of the picture, 32 bits */
  at(timestamp: number): PictureOrientation {
    const isEarlier = this.#from !== undefined && isBefore(timestamp, this.#from);
    return isEarlier ? this.#before : this.#stated;
  }

  /** Resets everything: another stream follows. */
  reset(): void {
    this.#stated = UPRIGHT;
    this.#before = UPRIGHT;
    this.#from = undefined;
  }
}

/** Whether an RTP timestamp is earlier than another one, less than half the range away. */
function isBefore(timestamp: number, other: number): boolean {
  return ((timestamp - other) | 0) < 0;
}
