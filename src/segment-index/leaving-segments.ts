import type { DeletionReason } from '../facts/deletion-report.ts';
import type { Segment } from '../facts/segment.ts';

/** A listed segment, and its place in the order of the list. */
export interface ListedSegment {
  /** µs since the Unix epoch. */
  createdAt: number;
  segment: Segment;
}

/** A segment that is being deleted. It is listed no more, but its file may still be there. */
export interface LeavingSegment extends ListedSegment {
  reason: DeletionReason;
}

/** The segments that are being deleted, by object path. */
export class LeavingSegments {
  readonly #byPath = new Map<string, LeavingSegment>();
  #bytes = 0;

  get size(): number {
    return this.#byPath.size;
  }

  /** Total size of their files. */
  get bytes(): number {
    return this.#bytes;
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  add(leaving: LeavingSegment): void {
    this.remove(leaving.segment.path);
    this.#byPath.set(leaving.segment.path, leaving);
    this.#bytes += leaving.segment.size;
  }

  remove(path: string): void {
    this.#bytes -= this.#byPath.get(path)?.segment.size ?? 0;
    this.#byPath.delete(path);
  }

  /** All of them, in the order in which they were added. */
  all(): LeavingSegment[] {
    return [...this.#byPath.values()];
  }
}
