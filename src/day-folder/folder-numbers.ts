import { parseFileName, withoutAside } from '../layout/file-names.ts';
import type { Presentation } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';

const KINDS: TrackKind[] = ['video', 'audio'];
const DAY_SECONDS = 86_400;
/** No recorder begins this many segments of a track in a second. */
const MOST_A_SECOND = 10;

/**
 * The highest numbers in the names of a day folder, of segments and of initialization segments.
 * Whoever counts on from them takes no name twice.
 */
export class FolderNumbers {
  readonly seg: Record<TrackKind, number> = { video: 0, audio: 0 };
  readonly init: Record<TrackKind, number> = { video: 0, audio: 0 };

  /**
   * Takes note of a file, if it is one of media.
   * @param name with or without its `.part`; or the one under which a repair keeps it, since its number
   * was told to others
   */
  addName(name: string): void {
    const file = parseFileName(withoutAside(name));
    if (file !== undefined) this.#atLeast(file.type, file.kind, file.number);
  }

  /** Takes note of all that a manifest names: the files may be elsewhere. */
  addPresentation({ periods }: Presentation): void {
    for (const period of periods) {
      for (const kind of KINDS) {
        const track = period[kind];
        if (track === undefined) continue;
        this.#atLeast('seg', kind, track.startNumber + track.timeline.count - 1);
        this.addName(track.initialization);
      }
    }
  }

  /** Takes note of what another one knows. */
  add(other: Pick<FolderNumbers, 'seg' | 'init'>): void {
    for (const kind of KINDS) {
      this.#atLeast('seg', kind, other.seg[kind]);
      this.#atLeast('init', kind, other.init[kind]);
    }
  }

  /**
   * Goes beyond every number that a recorder can have come to by this time of the day, where it
   * cannot be found out which were taken. Right after midnight that is as good as none, so that a day
   * which begins while the store is away is counted much as any other.
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
