import { ManifestError, readMpd } from '../manifest/mpd-reader.ts';
import type { Presentation } from '../manifest/presentation.ts';
import type { RecordedObjects } from './recorded-objects.ts';

/** Manifests that are kept read: those of a month of one stream. */
const MOST_KEPT = 32;

/** The manifests of day folders, read anew only where their text has changed. */
export class Presentations {
  readonly #objects: Pick<RecordedObjects, 'manifest'>;
  /** By object path of the folder; what was asked for last stands last. */
  readonly #read = new Map<string, { text: string; presentation: Presentation }>();

  constructor(objects: Pick<RecordedObjects, 'manifest'>) {
    this.#objects = objects;
  }

  /**
   * What the manifest of a folder says. Not to be changed.
   * @returns undefined where there is none, or none that can be read
   * @throws the file system's error; StoreError
   */
  async of(folder: string): Promise<Presentation | undefined> {
    const text = await this.#objects.manifest(folder);
    const known = this.#read.get(folder);
    this.#read.delete(folder);
    if (text === undefined) return undefined;
    const presentation = known?.text === text ? known.presentation : readOrNothing(text);
    if (presentation === undefined) return undefined;
    this.#read.set(folder, { text, presentation });
    if (this.#read.size > MOST_KEPT) this.#read.delete(this.#read.keys().next().value!);
    return presentation;
  }
}

function readOrNothing(text: string): Presentation | undefined {
  try {
    return readMpd(text);
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}
