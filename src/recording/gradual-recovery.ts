import type { Recovery } from '../codecs/codec.ts';
import type { Ticks } from '../media/media-time.ts';

/** Pictures and bytes that are held at most; an encoder refreshes a picture within some seconds. */
const MOST_PICTURES = 600;
const MOST_BYTES = 16 << 20;

/** One picture that is held. */
export interface HeldPicture {
  parts: Buffer[];
  /** When it is shown, on the track's own timeline. */
  shown: Ticks;
}

/**
 * The pictures from a recovery point on, until what is shown is whole again (ITU-T H.264 §D.2.8). A
 * decoder needs those before as well, though they show what was never there; so they are held until it
 * is known when the first whole one is shown, and are then shown for a moment just before it.
 */
export class GradualRecovery {
  readonly #pictures: HeldPicture[] = [];
  readonly #step: Ticks;
  readonly #recovery: Recovery;
  #bytes = 0;

  /**
   * @param recovery tells which picture is the first whole one
   * @param step the least that two pictures may be apart
   */
  constructor(recovery: Recovery, step: Ticks) {
    this.#step = step;
    this.#recovery = recovery;
  }

  /** How many are held. */
  get count(): number {
    return this.#pictures.length;
  }

  /** More pictures have been held than any encoder needs. */
  get isHopeless(): boolean {
    return this.#pictures.length > MOST_PICTURES || this.#bytes > MOST_BYTES;
  }

  /** Takes the next picture in decoding order. @returns true when it is the first whole one */
  push(parts: Buffer[], shown: Ticks): boolean {
    this.#pictures.push({ parts, shown });
    for (const part of parts) this.#bytes += part.length;
    return this.#recovery.isWhole(parts);
  }

  /** All of them in decoding order, with the times at which they are to be shown. */
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
