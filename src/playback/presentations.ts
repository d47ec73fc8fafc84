import { GrowingMpd } from '../manifest/growing-mpd.ts';
import { ManifestError } from '../manifest/mpd-reader.ts';
import type { ManifestPeriod, Presentation } from '../manifest/presentation.ts';
import type { RecordedObjects } from './recorded-objects.ts';

/** Manifests that are kept read: those of a month of one stream. */
const MOST_KEPT = 32;

/** The manifests of day folders, of which only what has changed is read anew. */
export class Presentations {
  readonly #objects: Pick<RecordedObjects, 'manifest'>;
  /** By object path of the folder; what was asked for last stands last. */
  readonly #read = new Map<string, GrowingMpd>();

  constructor(objects: Pick<RecordedObjects, 'manifest'>) {
    this.#objects = objects;
  }

  /**
   * The Periods that the manifest of a folder describes; none where a recording has begun the folder and has
   * nothing to show of it yet. Not to be changed.
   * @returns undefined where there is none, or none that can be read
   * @throws the file system's error; StoreError
   */
  async periodsOf(folder: string): Promise<readonly ManifestPeriod[] | undefined> {
    const { text, isAwaited } = await this.#objects.manifest(folder);
    const mpd = this.#read.get(folder) ?? new GrowingMpd();
    this.#read.delete(folder);
    if (text === undefined) return isAwaited ? [] : undefined;
    const presentation = readOrNothing(mpd, text);
    if (presentation === undefined) return undefined;
    this.#read.set(folder, mpd);
    if (this.#read.size > MOST_KEPT) this.#read.delete(this.#read.keys().next().value!);
    return presentation.periods;
  }
}

function readOrNothing(mpd: GrowingMpd, text: string): Presentation | undefined {
  try {
    return mpd.read(text);
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}
