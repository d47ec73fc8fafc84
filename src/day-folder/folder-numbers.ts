import { parseFileName, withoutAside } from '../layout/file-names.ts';
import type { Presentation } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';

const KINDS: TrackKind[] = ['video', 'audio'];
const DAY_SECONDS = 86_400;
/** Upper bound for the segments of a track per second. */
const MOST_A_SECOND = 10;

/**
 * The highest numbers in a day folder, of segments and of initialization segments. A writer that
 * continues after them never uses a name twice.
 */
export class FolderNumbers {
  readonly seg: Record<TrackKind, number> = { video: 0, audio: 0 };
  readonly init: Record<TrackKind, number> = { video: 0, audio: 0 };

  /**
   * Takes a file's number into account.
   * @param name with or without `.part`, or the one under which a repair keeps the file, because
   * its number has been announced
   */
  addName(name: string): void {
    const file = parseFileName(withoutAside(name));
    if (file !== undefined) this.#atLeast(file.type, file.kind, file.number);
  }

  /**
   * Takes the files in a manifest into account, which may be stored elsewhere, and those that were
   * deleted.
   */
  addPresentation({ periods, deleted }: Presentation): void {
    if (deleted !== undefined) {
      for (const kind of KINDS) {
        this.#atLeast('seg', kind, deleted.seg[kind].last);
        this.#atLeast('init', kind, deleted.init[kind].last);
      }
    }
    for (const period of periods) {
      for (const kind of KINDS) {
        const track = period[kind];
        if (track === undefined) continue;
        this.#atLeast('seg', kind, track.startNumber + track.timeline.count - 1);
        this.addName(track.initialization);
      }
    }
  }

  /** Takes the numbers of another object into account. */
  add(other: Pick<FolderNumbers, 'seg' | 'init'>): void {
    for (const kind of KINDS) {
      this.#atLeast('seg', kind, other.seg[kind]);
      this.#atLeast('init', kind, other.init[kind]);
    }
  }

  /**
   * Skips every number that a recorder can have used by this time of the day. For a folder whose
   * used numbers cannot be determined. Soon after midnight that skips few, so a day that begins
   * while the store is unavailable is numbered almost as usual.
   * @param us an instant of the folder's UTC day, µs since the Unix epoch
   */
  addAllBefore(us: number): void {
    const number = Math.floor(((us / 1e6) % DAY_SECONDS) * MOST_A_SECOND);
    for (const kind of KINDS) {
      this.#atLeast('seg', kind, number);
      this.#atLeast('init', kind, number);
    }
  }

  #atLeast(type: 'seg' | 'init', kind: TrackKind, number: number): void {
    this[type][kind] = Math.max(this[type][kind], number);
  }
}
