/** A stretch of a stream that is being read. Times are µs since the Unix epoch, end exclusive. */
export interface HeldRange {
  stream: string;
  startUs: number;
  endUs: number;
}

/**
 * How far beyond a range segments of it may reach: a picture needs the keyframe before it, and sound
 * goes on as long as the picture. µs.
 */
const AROUND_US = 60e6;

/** What is being read for long, such as by an export, and must not be deleted meanwhile. */
export class Holds {
  readonly #sources: (() => Iterable<HeldRange>)[] = [];

  /** @param source returns what is being read now */
  add(source: () => Iterable<HeldRange>): void {
    this.#sources.push(source);
  }

  /** Whether any of a stretch of a stream is being read. */
  covers(stream: string, startUs: number, endUs: number): boolean {
    return this.#sources.some((source) => {
      for (const held of source()) {
        const isBefore = held.endUs + AROUND_US <= startUs;
        const isAfter = held.startUs - AROUND_US >= endUs;
        if (held.stream === stream && !isBefore && !isAfter) return true;
      }
      return false;
    });
  }
}
