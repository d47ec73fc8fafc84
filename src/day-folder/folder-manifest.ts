import { readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { asideName, MANIFEST_NAME } from '../layout/file-names.ts';
import { UTC_TIMING_URL, writeMpd } from '../manifest/mpd.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from '../manifest/presentation.ts';

/**
 * A segment of one track is shown to players after this time even if the other track has none yet,
 * µs.
 */
const GATHER_US = 1_000_000;
/**
 * Average rate of manifest writes, bytes/s: 19 MB a day. The text grows all day and is written as a whole, so a
 * long one is written rarely. The live manifest is served from memory anyway.
 */
const FRUGAL_BYTES_PER_SECOND = 220;
/**
 * Longest time between two writes at that rate, seconds. It limits what a start after a crash has to read in
 * files that no manifest names, what a spool keeps on the disk, and how far behind readers of the file are.
 */
const MOST_LAG_SECONDS = 300;
/** Rate that no manifest exceeds, however long it is, and however often its Periods end, bytes/s. */
const MOST_BYTES_PER_SECOND = 3_000;

/** Options of a {@link FolderManifest}. */
export interface FolderManifestOptions {
  /** The day folder, a path in the file system. */
  folder: string;
  presentation: Presentation;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /**
   * Called when the file is durable, with the segments (object paths) that it is the first to name.
   */
  onWritten(segments: string[]): void;
}

/** The manifest of a day folder: the text for players, and the file. */
export class FolderManifest {
  readonly #options: FolderManifestOptions;
  /** The text for players, and the text on disk. */
  #published: string | undefined;
  #written: string | undefined;
  /** Segments that are in no published text. */
  #unpublished: { entry: ManifestTrack; path: string }[] = [];
  /** Segments that are in the published text but not on disk; object paths. */
  #unwritten: string[] = [];
  /** When the first unpublished change was made, µs. */
  #newsSinceUs: number | undefined;
  /** When the last write began, µs. */
  #writtenUs = Number.NEGATIVE_INFINITY;
  /** The next write is not put off to save bytes. */
  #isUrgent = false;

  constructor(options: FolderManifestOptions) {
    this.#options = options;
  }

  /**
   * The text for players; undefined before the first segment, because players give up on a manifest
   * without media. It lags slightly behind the last segment, so that the first segments of both
   * tracks appear together: players do not look for a second track later.
   */
  get text(): string | undefined {
    return this.#published;
  }

  /** Adds a segment that is now in the presentation. @param path object path */
  add(entry: ManifestTrack, path: string): void {
    this.#newsSinceUs ??= this.#options.now();
    this.#unpublished.push({ entry, path });
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    const { now, presentation } = this.#options;
    const since = this.#newsSinceUs;
    if (since === undefined || now() - since < GATHER_US) return;
    const held = presentation.periods.filter((period) => !this.#isPresentable(period, since));
    this.#publish(presentation.periods.filter((period) => !held.includes(period)));
    this.#newsSinceUs = held.some(hasSegments) ? since : undefined;
  }

  /** Publishes what players have been shown so far without what is about to be deleted. */
  republish(): void {
    const { now, presentation } = this.#options;
    const since = this.#newsSinceUs ?? now();
    this.#publish(presentation.periods.filter((period) => this.#isPresentable(period, since)));
  }

  /** Publishes the current presentation if it has changed. */
  publish(): void {
    const { periods, deleted } = this.#options.presentation;
    // Without a segment, it still tells which numbers were used.
    if (periods.some(hasSegments) || deleted !== undefined) this.#publish(periods);
  }

  /** All recorded files are gone: there is no text for players until there is new media. */
  clear(): void {
    this.#published = undefined;
    this.#unpublished = [];
    this.#unwritten = [];
  }

  /** The file on disk may have changed: the next write happens even if the text is the same. */
  distrust(): void {
    this.#written = undefined;
  }

  /** A Period has ended: nothing may follow for long, so the file is soon brought up to date. */
  expedite(): void {
    this.#isUrgent = true;
  }

  /**
   * True if the file should be written: there is a change, and the last write is long enough ago
   * for its size.
   */
  isDue(): boolean {
    const text = this.#published;
    if (text === undefined || text === this.#written) return false;
    const { now, presentation } = this.#options;
    const seconds = Math.max(
      presentation.segmentSeconds,
      text.length / MOST_BYTES_PER_SECOND,
      this.#isUrgent ? 0 : Math.min(text.length / FRUGAL_BYTES_PER_SECOND, MOST_LAG_SECONDS),
    );
    return now() >= this.#writtenUs + seconds * 1e6;
  }

  /**
   * Reads the file; undefined if there is none. Anything else with that name, such as a folder, is
   * renamed, because the stream could not be recorded otherwise.
   * @throws the file system's error
   */
  async read(): Promise<string | undefined> {
    const { folder } = this.#options;
    try {
      this.#written = await readFile(path.join(folder, MANIFEST_NAME), 'utf8');
      return this.#written;
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
    const { folder, now, onWritten } = this.#options;
    this.#writtenUs = now();
    const named = this.#unwritten;
    this.#unwritten = [];
    try {
      await replaceManifest(folder, text);
    } catch (error) {
      this.#unwritten = [...named, ...this.#unwritten];
      throw error;
    }
    this.#written = text;
    this.#isUrgent &&= this.#unpublished.length > 0 || this.#published !== text;
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

  /**
   * A Period with two tracks is shown once both have a segment, or one has been alone for a while.
   */
  #isPresentable({ video, audio, ended }: ManifestPeriod, newsSinceUs: number): boolean {
    if (video === undefined || audio === undefined || ended) return true;
    if (video.timeline.count > 0 && audio.timeline.count > 0) return true;
    const { now, presentation } = this.#options;
    return now() - newsSinceUs > presentation.segmentSeconds * 1e6;
  }
}

/** True for a Period with at least one segment. */
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

/** Renames what occupies the manifest's name, so that nothing is lost. */
async function setAside(folder: string): Promise<void> {
  const names = new Set(await readdir(folder));
  let count = 0;
  while (names.has(asideName(MANIFEST_NAME, count))) count++;
  await rename(
    path.join(folder, MANIFEST_NAME),
    path.join(folder, asideName(MANIFEST_NAME, count)),
  );
}
