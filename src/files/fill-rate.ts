/** Samples are this far apart at least, ms. */
const SAMPLE_MS = 300_000;
/** The rate is that of the last day. */
const WINDOW_MS = 86_400_000;
/** Time that must have passed before a rate means something, ms. */
const LEAST_MS = 600_000;
/** Free space that grows by more than this share of the disk between two samples was made by hand. */
const TIDIED = 0.02;

interface Sample {
  atMs: number;
  freeBytes: number;
}

/**
 * How fast a disk fills, by its free space over the last day: whatever writes to it, and whatever is
 * deleted by rule meanwhile.
 */
export class FillRate {
  /** The oldest first. */
  #samples: Sample[] = [];
  #last: Sample | undefined;

  /** Adds a measurement. @param atMs ms since the Unix epoch */
  note(freeBytes: number, totalBytes: number, atMs: number): void {
    const newest = this.#samples.at(-1);
    this.#last = { atMs, freeBytes };
    if (newest !== undefined && freeBytes - newest.freeBytes > TIDIED * totalBytes) {
      this.#samples = [];
    } else if (newest !== undefined && atMs - newest.atMs < SAMPLE_MS) return;
    this.#samples.push(this.#last);
    while (atMs - this.#samples[0]!.atMs > WINDOW_MS) this.#samples.shift();
  }

  /** Bytes by which the free space shrinks in a second; negative if it grows; undefined at first. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#last;
    if (first === undefined || last === undefined) return undefined;
    const ms = last.atMs - first.atMs;
    return ms < LEAST_MS ? undefined : ((first.freeBytes - last.freeBytes) / ms) * 1000;
  }

  /** Time until the disk is full at this rate, s; undefined if it does not fill, or is not known to. */
  get secondsUntilFull(): number | undefined {
    const rate = this.bytesPerSecond;
    if (rate === undefined || rate <= 0) return undefined;
    return Math.round(this.#last!.freeBytes / rate);
  }
}
