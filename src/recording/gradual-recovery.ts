import type { Recovery } from '../codecs/codec.ts';
import type { Ticks } from '../media/media-time.ts';

/** Limits of the held pictures; an encoder refreshes a picture within some seconds. */
const MOST_PICTURES = 600;
const MOST_BYTES = 16 << 20;

/** A held picture. */
export interface HeldPicture {
  parts: Buffer[];
  /** Presentation time on the track's own timeline. */
  shown: Ticks;
}

/**
 * The pictures from a recovery point on, until the picture is complete again (ITU-T H.264 §D.2.8).
 * A decoder needs the earlier ones too, although they show garbage; so they are held until the
 * presentation time of the first complete one is known, and are then shown for a moment just before
 * it.
 */
export class GradualRecovery {
  readonly #pictures: HeldPicture[] = [];
  readonly #step: Ticks;
  readonly #recovery: Recovery;
  #bytes = 0;

  /**
   * @param recovery recognizes the first complete picture
   * @param step minimum distance of two pictures
   */
  constructor(recovery: Recovery, step: Ticks) {
    this.#step = step;
    this.#recovery = recovery;
  }

  /** Number of held pictures. */
  get count(): number {
    return this.#pictures.length;
  }

  /** True if more pictures are held than any encoder needs. */
  get isHopeless(): boolean {
    return this.#pictures.length > MOST_PICTURES || this.#bytes > MOST_BYTES;
  }

  /** Takes the next picture in decoding order. @returns true for the first complete picture */
  push(parts: Buffer[], shown: Ticks): boolean {
    this.#pictures.push({ parts, shown });
    for (const part of parts) this.#bytes += part.length;
    return this.#recovery.isWhole(parts);
  }

  /** All pictures in decoding order, with their new presentation times. */
  finish(): HeldPicture[] {
    const whole = this.#pictures.at(-1)!.shown;
    const before = this.#pictures.filter(({ shown }) => shown < whole);
    before.sort((a, b) => a.shown - b.shown);
    for (const [i, picture] of before.entries()) {
      picture.shown = whole - (before.length - i) * this.#step;
    }
    return this.#pictures;
  }
}
