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

  get size(): number {
    return this.#byPath.size;
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  add(leaving: LeavingSegment): void {
    this.#byPath.set(leaving.segment.path, leaving);
  }

  remove(path: string): void {
    this.#byPath.delete(path);
  }

  /** All of them, in the order in which they were added. */
  all(): LeavingSegment[] {
    return [...this.#byPath.values()];
  }
}
