import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { wallClockUs } from '../container/reference-time.ts';
import { periodsMissing, withPeriods } from '../manifest/merge.ts';
import { UTC_TIMING_URL, writeMpd } from '../manifest/mpd.ts';
import { readMpd } from '../manifest/mpd-reader.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from '../manifest/presentation.ts';
import { SegmentTimeline } from '../manifest/segment-timeline.ts';
import type { TrackKind } from '../rtp/access-unit.ts';
import type { Segment } from '../segment-index/segment.ts';
import { makeFolder, replaceFile } from '../storage/durable-file.ts';
import { SegmentFile } from '../storage/segment-file.ts';
import { dayEndUs, dayStartUs } from '../storage/stream-folder.ts';
import { initializationName, MANIFEST_NAME, parseFileName, segmentName } from './file-names.ts';
import { FolderNumbers } from './folder-numbers.ts';
import { nextPeriodId, type RecoveredSegment, recoverSegments } from './folder-recovery.ts';
import { OpenSegment } from './open-segment.ts';
import type { RemoteFolders } from './remote-folder.ts';
import { readSegmentFacts } from './segment-facts.ts';
import type { TrackWallClock } from './stream-clock.ts';

/** A commit of one track waits this long for the other's before it is told, µs. */
const GATHER_US = 1_000_000;
/**
 * Most bytes a second that rewriting the manifest may cost over time. With one write a segment a
 * day's manifest would cost gigabytes a stream; the live one is served from memory anyway.
 */
const MANIFEST_BYTES_PER_SECOND = 12_000;

/** What describes a track in the manifest, besides its segments. */
export type TrackDescription = Pick<
  ManifestTrack,
  'mimeType' | 'codecs' | 'timescale' | 'width' | 'height' | 'channels'
>;

/** One track of one Period as the folder knows it. */
export interface PeriodTrack {
  readonly kind: TrackKind;
  readonly periodId: string;
  /** Its entry in the manifest. */
  readonly entry: ManifestTrack;
  /** Where its media time lies on our wall clock. */
  readonly wallClock: TrackWallClock;
  /** Number of the segment claimed last; undefined before the first. */
  lastNumber: number | undefined;
}

/** Settings of a {@link PresentationFolder}. */
export interface PresentationFolderOptions {
  /** Storage root, a path of the file system. */
  root: string;
  /** Object path of the folder below the root. */
  folder: string;
  stream: string;
  /** Any instant of the folder's UTC day, µs since the Unix epoch. */
  dayUs: number;
  segmentSeconds: number;
  /** The clock, µs since the Unix epoch. */
  now(): number;
  /** Told of each segment once its bytes are durable. */
  onSegment(segment: Segment): void;
  /** Present where files leave this disk for a store. */
  remote?: RemoteFolders;
}

/**
 * One day folder of one stream: file numbers, initialization segments, and the manifest over all
 * that was recorded there, also by earlier runs. All asynchronous calls are made one after another
 * by the stream's write queue.
 *
 * Numbers go on after the highest that exists, so nothing is overwritten after a restart, a
 * reconnect or a codec change. Where files leave for a store, a segment stays here until the
 * manifest on this disk names it: so manifest and files here tell all numbers together, and a crash
 * finds what no manifest names. Where there is no manifest either, the store is asked; where it does
 * not answer, numbers begin beyond all that can have been taken.
 */
export class PresentationFolder {
  readonly path: string;
  readonly #options: PresentationFolderOptions;
  readonly #files: string;
  readonly #presentation: Presentation;
  readonly #numbers = new FolderNumbers();
  /** Initialization segments written by this object, so that an equal one is not written again. */
  readonly #inits: { kind: TrackKind; name: string; data: Buffer }[] = [];
  #isOpen = false;
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

  constructor(options: PresentationFolderOptions) {
    this.path = options.folder;
    this.#options = options;
    this.#files = path.join(options.root, options.folder);
    this.#presentation = {
      dayStartUs: dayStartUs(options.dayUs),
      live: true,
      segmentSeconds: options.segmentSeconds,
      periods: [],
    };
  }

  /** UTC midnight at which its day ends, µs since the Unix epoch. */
  get endUs(): number {
    return dayEndUs(this.#presentation.dayStartUs);
  }

  /** Object path of the manifest. */
  get manifestPath(): string {
    return `${this.path}/${MANIFEST_NAME}`;
  }

  /**
   * Makes the folder and takes up what is there, unless that was done before.
   * @throws the file system's error; ManifestError for a manifest that is not ours
   */
  async open(): Promise<void> {
    if (this.#isOpen) return;
    await makeFolder(this.#files);
    const text = await readFile(path.join(this.#files, MANIFEST_NAME), 'utf8').catch(absent);
    if (text !== undefined) this.#presentation.periods = readMpd(text).periods;
    if (this.#options.remote) await this.#takeUpStored(this.#options.remote, text !== undefined);
    this.#numbers.addPresentation(this.#presentation);
    const names = await readdir(this.#files);
    for (const name of names) this.#numbers.addName(name);
    const files = names.map(parseFileName).filter((file) => file !== undefined);
    for (const segment of await recoverSegments(this.#files, files, this.#presentation)) {
      this.#announce(segment.entry, segment);
    }
    this.#isOpen = true;
    if (this.#presentation.periods.some(hasSegments)) this.#publish(this.#presentation);
    await this.writeManifest();
  }

  /** Takes up what a store has of this folder. @param isKnown whether its manifest was here */
  async #takeUpStored(remote: RemoteFolders, isKnown: boolean): Promise<void> {
    const stored = await remote.stored(this.path, isKnown);
    if (stored === undefined) {
      if (!isKnown) this.#numbers.addAllBefore(this.#options.now());
      return;
    }
    this.#numbers.add(stored.numbers);
    if (stored.manifest === undefined) return;
    const missing = periodsMissing(readMpd(stored.manifest), this.#presentation);
    this.#presentation.periods = withPeriods(this.#presentation, missing).periods;
  }

  /** True when a track of a kind was recorded here, as far as the folder is known yet. */
  has(kind: TrackKind): boolean {
    return this.#presentation.periods.some((period) => period[kind] !== undefined);
  }

  /** Adds a Period after all others. */
  openPeriod(): ManifestPeriod {
    const period: ManifestPeriod = { id: nextPeriodId(this.#presentation), ended: false };
    this.#presentation.periods.push(period);
    return period;
  }

  /**
   * Adds a track to a Period and writes its initialization segment, unless the same one is there.
   * The folder must be open.
   * @throws the file system's error
   */
  async openTrack(
    period: ManifestPeriod,
    kind: TrackKind,
    initialization: Buffer,
    description: TrackDescription,
    wallClock: TrackWallClock,
  ): Promise<PeriodTrack> {
    const entry: ManifestTrack = {
      ...description,
      kind,
      initialization: await this.#writeInitialization(kind, initialization),
      startNumber: 1,
      timeline: new SegmentTimeline(),
      bytes: 0,
    };
    period[kind] = entry;
    return { kind, periodId: period.id, entry, wallClock, lastNumber: undefined };
  }

  /**
   * Begins a segment file under the next number.
   * @throws Error when another writer took the number, which would tear a hole into the Period's
   * numbers; the file system's error
   */
  async claim(track: PeriodTrack, startsAtKeyframe: boolean): Promise<OpenSegment> {
    const number = ++this.#numbers.seg[track.kind];
    const name = segmentName(track.kind, number);
    const file = await SegmentFile.claim(path.join(this.#files, name));
    if (file === undefined) {
      throw new Error(`${this.path}/${name} exists already: does another recorder write here?`);
    }
    if (track.lastNumber === undefined) track.entry.startNumber = number;
    else if (track.lastNumber !== number - 1) {
      throw new Error(`${this.path}/${name} does not follow number ${track.lastNumber}`);
    }
    track.lastNumber = number;
    return new OpenSegment(file, number, name, startsAtKeyframe, track.wallClock, {
      initialization: track.entry.initialization,
      period: track.periodId,
    });
  }

  /**
   * Makes a segment durable, then announces it: in the manifest and to the index, never before.
   * @throws the file system's error
   */
  async commit(track: PeriodTrack, segment: OpenSegment): Promise<void> {
    const { entry } = track;
    const facts = await segment.commit();
    entry.timeline.add(segment.startTime, segment.endTime - segment.startTime);
    entry.bytes += facts.size;
    this.#announce(entry, facts);
  }

  /**
   * Tells the index of those segments that the manifest names and it does not know: a crash came
   * between the two. It hears of a folder's segments in their order, so these are the last ones.
   * @throws the file system's error
   */
  async announceUntold(isKnown: (path: string) => boolean): Promise<void> {
    for (const kind of ['video', 'audio'] as const) {
      const untold: [ManifestTrack, string][] = [];
      for (const period of this.#presentation.periods.toReversed()) {
        const entry = period[kind];
        if (entry === undefined) continue;
        for (let i = entry.timeline.count - 1; i >= 0; i--) {
          const name = segmentName(kind, entry.startNumber + i);
          if (isKnown(`${this.path}/${name}`)) break;
          untold.unshift([entry, name]);
        }
        if (untold[0]?.[0] !== entry || untold[0][1] !== segmentName(kind, entry.startNumber))
          break;
      }
      for (const [entry, name] of untold) {
        const facts = await readSegmentFacts(path.join(this.#files, name), kind).catch(absent);
        if (facts !== undefined) this.#announce(entry, { ...facts, name });
      }
    }
  }

  /** Tells the index of a durable segment. Times are ticks. */
  #announce(entry: ManifestTrack, segment: Omit<RecoveredSegment, 'entry' | 'kind'>): void {
    this.#newsSinceUs ??= this.#options.now();
    const { span } = segment;
    this.#unpublished.push({ entry, path: `${this.path}/${segment.name}` });
    this.#options.onSegment({
      stream: this.#options.stream,
      kind: entry.kind,
      startUs: span.startUs,
      endUs: span.endUs,
      path: `${this.path}/${segment.name}`,
      initPath: `${this.path}/${entry.initialization}`,
      isKeyframe: segment.startsAtKeyframe,
      keyframes: segment.keyframes.map((time) => wallClockUs(span, time)),
      codec: entry.codecs,
      size: segment.size,
    });
  }

  /**
   * The manifest as players should see it; undefined before the first segment, because players give
   * up on a manifest with nothing to play. It is a moment older than the last segment, so that both
   * tracks' first segments appear in it together: players do not look for a second track later.
   */
  get manifest(): string | undefined {
    return this.#published;
  }

  /** What time brings: call about four times a second. */
  tick(): void {
    const since = this.#newsSinceUs;
    if (since === undefined || this.#options.now() - since < GATHER_US) return;
    const { periods } = this.#presentation;
    const held = periods.filter((period) => !this.#isPresentable(period));
    this.#publish({ ...this.#presentation, periods: periods.filter((p) => !held.includes(p)) });
    this.#newsSinceUs = held.some(hasSegments) ? since : undefined;
  }

  /**
   * True when the manifest on disk should be written: something is new, and the last write is long
   * enough ago for its size.
   */
  manifestIsDue(): boolean {
    return this.#published !== this.#written && this.#options.now() >= this.#nextWriteUs;
  }

  /** Replaces the manifest on disk. @throws the file system's error */
  async writeManifest(): Promise<void> {
    const text = this.#published;
    if (text === undefined || text === this.#written) return;
    const seconds = Math.max(this.#options.segmentSeconds, text.length / MANIFEST_BYTES_PER_SECOND);
    this.#nextWriteUs = this.#options.now() + seconds * 1e6;
    const named = this.#unwritten;
    this.#unwritten = [];
    try {
      await replaceFile(path.join(this.#files, MANIFEST_NAME), text);
    } catch (error) {
      this.#unwritten = [...named, ...this.#unwritten];
      throw error;
    }
    this.#written = text;
    this.#options.remote?.onManifest(this.manifestPath, named);
  }

  /** Ends the presentation: the manifest becomes static. @throws the file system's error */
  async close(): Promise<void> {
    await this.open();
    this.#presentation.live = false;
    for (const period of this.#presentation.periods) period.ended = true;
    if (this.#presentation.periods.some(hasSegments)) this.#publish(this.#presentation);
    await this.writeManifest();
  }

  #publish(presentation: Presentation): void {
    const nowUs = this.#options.now();
    this.#published = writeMpd(presentation, { nowUs, utcTimingUrl: UTC_TIMING_URL });
    const { periods } = presentation;
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
  #isPresentable(period: ManifestPeriod): boolean {
    const { video, audio } = period;
    if (video === undefined || audio === undefined || period.ended) return true;
    if (video.timeline.count > 0 && audio.timeline.count > 0) return true;
    const alone = this.#options.now() - this.#newsSinceUs!;
    return alone > this.#options.segmentSeconds * 1e6;
  }

  async #writeInitialization(kind: TrackKind, data: Buffer): Promise<string> {
    const same = this.#inits.find((init) => init.kind === kind && init.data.equals(data));
    if (same !== undefined) return same.name;
    const number = ++this.#numbers.init[kind];
    const name = initializationName(kind, number);
    const file = await SegmentFile.claim(path.join(this.#files, name));
    if (file === undefined) {
      throw new Error(`${this.path}/${name} exists already: does another recorder write here?`);
    }
    await file.append([data], data.length);
    await file.commit();
    this.#options.remote?.onInitialization(`${this.path}/${name}`);
    this.#inits.push({ kind, name, data });
    return name;
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function hasSegments({ video, audio }: ManifestPeriod): boolean {
  return (video?.timeline.count ?? 0) > 0 || (audio?.timeline.count ?? 0) > 0;
}
