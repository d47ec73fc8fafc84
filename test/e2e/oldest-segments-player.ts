import { setTimeout as delay } from 'node:timers/promises';
import { folderOf, objectPath } from '../../src/layout/object-path.ts';
import { readMpd } from '../media/read-mpd.ts';
import { objectAddress } from '../server/play.ts';
import { segmentPage } from '../server/recorder-client.ts';

/** Interval between loads of the manifest, ms. */
const RELOAD_MS = 1000;
/** Segments of each AdaptationSet that are fetched with one manifest. */
const AT_ONCE = 4;

/** Options of an {@link OldestSegmentsPlayer}. */
export interface OldestSegmentsPlayerOptions {
  stream: string;
  /** Address of the recorder; undefined while it is down. */
  url(): string | undefined;
  /** A manifest names segments for so long at least, ms: an older one is loaded again. */
  validMs: number;
}

/**
 * Plays a stream from the oldest segment on that its manifest names, as close to what is deleted as
 * a player can be: it reloads the manifest, and fetches the next segments that it has not had.
 */
export class OldestSegmentsPlayer {
  /** Segments that it got. */
  fetched = 0;
  /** Object paths that were not there, though a manifest named them. */
  readonly missing: string[] = [];
  /** Why it could not reach a recorder that was up. */
  readonly failures: string[] = [];
  readonly #options: OldestSegmentsPlayerOptions;
  readonly #had = new Set<string>();

  constructor(options: OldestSegmentsPlayerOptions) {
    this.#options = options;
  }

  /** Plays until the signal. Never rejects. */
  async play(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(RELOAD_MS);
      const url = this.#options.url();
      if (url === undefined) continue;
      try {
        await this.#fetchNext(url);
      } catch (error) {
        if (this.#options.url() === url) this.failures.push((error as Error).message);
      }
    }
  }

  async #fetchNext(url: string): Promise<void> {
    const { stream, validMs } = this.#options;
    const [row] = (await segmentPage(url, { stream, limit: 1 })).segments;
    if (row === undefined) return;
    const folder = folderOf(row.path);
    const untilMs = performance.now() + validMs;
    const reply = await fetch(objectAddress(url, `${folder}/manifest.mpd`));
    const text = await reply.text();
    if (reply.status !== 200) return;
    for (const { adaptationSets } of readMpd(text).periods) {
      for (const { initialization, segments } of adaptationSets) {
        const next = segments.map(({ file }) => file).filter((file) => !this.#had.has(file));
        for (const name of [initialization, ...next.slice(0, AT_ONCE)]) {
          const file = objectPath(folder, name);
          const media = await fetch(objectAddress(url, file));
          await media.arrayBuffer();
          if (performance.now() > untilMs) return;
          if (media.status === 200) this.fetched++;
          else if (media.status === 404) this.missing.push(file);
          this.#had.add(name);
        }
      }
    }
  }
}
