import { folderOf } from '../layout/object-path.ts';
import type { ListedSegment, SegmentIndex } from '../segment-index/segment-index.ts';
import type { Store } from '../storage/stores/store.ts';
import type { Deletion } from './deletion-plan.ts';

/** Interval between looks, ms. */
const LOOK_MS = 3_600_000;
/** Objects that are looked up at a time, and in all for a stream and look. */
const AT_ONCE = 16;
const MOST = 4096;

/** Options of {@link MissingObjects}. */
export interface MissingObjectsOptions {
  index: Pick<SegmentIndex, 'streams' | 'listed'>;
  store: Pick<Store, 'head'>;
  /** False for a segment that waits for its upload. */
  isUploaded(path: string): boolean;
  /** Removes segments from index and manifest. */
  remove(missing: readonly Deletion[]): Promise<void>;
  log: { warn(fields: object, message: string): void };
}

/**
 * Finds segments that something else has deleted from the bucket, such as a lifecycle rule: the
 * index would list them for ever. Lifecycle rules delete the oldest objects, so each hour the oldest
 * ones of each stream are looked up, until one is there.
 */
export class MissingObjects {
  readonly #options: MissingObjectsOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: MissingObjectsOptions) {
    this.#options = options;
  }

  /** Looks now and every hour. */
  start(): void {
    const look = () => {
      this.#looking = this.#looking
        .then(() => this.look())
        .catch(({ message: reason }: Error) => {
          this.#options.log.warn({ reason }, 'cannot look up the oldest objects of the bucket');
        });
    };
    this.#timer = setInterval(look, LOOK_MS).unref();
    look();
  }

  /** Stops; resolves when nothing is in progress. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Looks once. @throws StoreError; the file system's error if the index cannot be written */
  async look(): Promise<void> {
    const { index, remove, log } = this.#options;
    for (const stream of index.streams()) {
      const missing = await this.#missingOf(stream);
      if (missing.length === 0) continue;
      log.warn(
        { stream, segments: missing.length, first: missing[0]!.segment.path },
        'something else has deleted objects from the bucket, perhaps a lifecycle rule: the index forgets them',
      );
      await remove(missing.map(deletionOf));
    }
  }

  async #missingOf(stream: string): Promise<ListedSegment[]> {
    const { index, isUploaded } = this.#options;
    const missing: ListedSegment[] = [];
    const rows = index.listed({ stream, limit: MOST });
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      const some = rows.slice(at, at + AT_ONCE).filter(({ segment }) => isUploaded(segment.path));
      const gone = await this.#gone(some);
      missing.push(...gone);
      if (gone.length < some.length || some.length === 0) {
        // A bucket that says so of everything is another one, or was emptied: an operator has to look.
        return missing;
      }
    }
    return [];
  }

  async #gone(some: readonly ListedSegment[]): Promise<ListedSegment[]> {
    const found = await Promise.all(
      some.map(({ segment }) => this.#options.store.head(segment.path)),
    );
    return some.filter((_, at) => found[at] === undefined);
  }
}

function deletionOf(row: ListedSegment): Deletion {
  const { stream, path, startUs, endUs, size: bytes } = row.segment;
  return {
    ...{ stream, folder: folderOf(path), startUs, endUs, bytes, segments: [row] },
    reason: 'missing',
  };
}
