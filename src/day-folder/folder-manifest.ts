import { readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { asideName, MANIFEST_NAME } from '../layout/file-names.ts';
import { UTC_TIMING_URL, writeMpd } from '../manifest/mpd.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from '../manifest/presentation.ts';

/** A commit of one track waits this long for the other's before it is told, µs. */
const GATHER_US = 1_000_000;
/**
 * Most bytes a second that rewriting the manifest may cost over time. With one write a segment a
 * day's manifest would cost gigabytes a stream; the live one is served from memory anyway.
 */
const MANIFEST_BYTES_PER_SECOND = 12_000;

/** What a {@link FolderManifest} is made for. */
export interface FolderManifestOptions {
  /** The day folder, a path of the file system. */
  folder: string;
  presentation: Presentation;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** The file is durable and is the first to name these segments; object paths. */
  onWritten(segments: string[]): void;
}

/** The manifest of a day folder: the text that players are given, and the file. */
export class FolderManifest {
  readonly #options: FolderManifestOptions;
  /** The text that players are given, and the one that is on the disk. */
  #published: string | undefined;
  #written: string | undefined;
  /** Segments that no published text names; object paths. */
  #unpublished: { entry: ManifestTrack; path: string }[] = [];
  /** Segments that the published text names and no text on the disk does; object paths. */
  #unwritten: string[] = [];
  /** Since when something is to be told that is not in the published text. */
  #newsSinceUs: number | undefined;
  #nextWriteUs = 0;

  constructor(options: FolderManifestOptions) {
    this.#options = options;
  }

  /**
   * As players should see it; undefined before the first segment, because players give up on a
   * manifest with nothing to play. It is a moment older than the last segment, so that both tracks'
   * first segments appear in it together: players do not look for a second track later.
   */
  get text(): string | undefined {
    return this.#published;
  }

  /** Takes note of a segment that the presentation has since now. @param path object path */
  add(entry: ManifestTrack, path: string): void {
    this.#newsSinceUs ??= this.#options.now();
    this.#unpublished.push({ entry, path });
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    const { now, presentation } = this.#options;
    const since = this.#newsSinceUs;
    if (since === undefined || now() - since < GATHER_US) return;
    const held = presentation.periods.filter((period) => !this.#isPresentable(period, since));
    this.#publish(presentation.periods.filter((period) => !held.includes(period)));
    this.#newsSinceUs = held.some(hasSegments) ? since : undefined;
  }

  /** Shows players all that the presentation has, if that is anything. */
  publish(): void {
    const { periods } = this.#options.presentation;
    if (periods.some(hasSegments)) this.#publish(periods);
  }

  /** Nothing that it told of is there any more: players are given nothing, until there is. */
  clear(): void {
    this.#published = undefined;
    this.#unpublished = [];
    this.#unwritten = [];
  }

  /** The file is not what was written: it is written again, whatever it says. */
  distrust(): void {
    this.#written = undefined;
  }

  /**
   * True when the file should be written: something is new, and the last write is long enough ago for
   * its size.
   */
  isDue(): boolean {
    return this.#published !== this.#written && this.#options.now() >= this.#nextWriteUs;
  }

  /**
   * What the file says that is there; undefined where there is none. What cannot be a manifest, a
   * folder of that name, is set aside, or the stream could not be recorded for as long as it is there.
   * @throws the file system's error
   */
  async read(): Promise<string | undefined> {
    const { folder } = this.#options;
    try {
      return await readFile(path.join(folder, MANIFEST_NAME), 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      if (code !== 'EISDIR') throw error;
      await setAside(folder);
      return undefined;
    }
  }

  /** Replaces the file. @throws the file system's error */
  async write(): Promise<void> {
    const text = this.#published;
    if (text === undefined || text === this.#written) return;
    const { folder, now, presentation, onWritten } = this.#options;
    const seconds = Math.max(presentation.segmentSeconds, text.length / MANIFEST_BYTES_PER_SECOND);
    this.#nextWriteUs = now() + seconds * 1e6;
    const named = this.#unwritten;
    this.#unwritten = [];
    try {
      await replaceManifest(folder, text);
    } catch (error) {
      this.#unwritten = [...named, ...this.#unwritten];
      throw error;
    }
    this.#written = text;
    onWritten(named);
  }

  #publish(periods: ManifestPeriod[]): void {
    const { now, presentation } = this.#options;
    const shown = { ...presentation, periods };
    this.#published = writeMpd(shown, { nowUs: now(), utcTimingUrl: UTC_TIMING_URL });
    const isNamed = (entry: ManifestTrack) =>
      periods.some(({ video, audio }) => video === entry || audio === entry);
    const unpublished = this.#unpublished;
    this.#unpublished = [];
    for (const segment of unpublished) {
      if (isNamed(segment.entry)) this.#unwritten.push(segment.path);
      else this.#unpublished.push(segment);
    }
  }

  /** A Period of two tracks is shown when both have a segment, or one has been alone for long. */
  #isPresentable({ video, audio, ended }: ManifestPeriod, newsSinceUs: number): boolean {
    if (video === undefined || audio === undefined || ended) return true;
    if (video.timeline.count > 0 && audio.timeline.count > 0) return true;
    const { now, presentation } = this.#options;
    return now() - newsSinceUs > presentation.segmentSeconds * 1e6;
  }
}

/** True for a Period that has something to play. */
export function hasSegments({ video, audio }: ManifestPeriod): boolean {
  return (video?.timeline.count ?? 0) > 0 || (audio?.timeline.count ?? 0) > 0;
}

async function replaceManifest(folder: string, text: string): Promise<void> {
  const file = path.join(folder, MANIFEST_NAME);
  try {
    await replaceFile(file, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    await setAside(folder);
    await replaceFile(file, text);
  }
}

/** Takes what has the manifest's name out of its way; nothing of it is lost. */
async function setAside(folder: string): Promise<void> {
  const names = new Set(await readdir(folder));
  let count = 0;
  while (names.has(asideName(MANIFEST_NAME, count))) count++;
  await rename(
    path.join(folder, MANIFEST_NAME),
    path.join(folder, asideName(MANIFEST_NAME, count)),
  );
}
