import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { PeriodReason } from '../facts/period-reason.ts';
import { absent } from '../files/absent.ts';
import { makeFolder } from '../files/durable-file.ts';
import { SegmentFile } from '../files/segment-file.ts';
import { dayEndUs, dayStartUs } from '../layout/day.ts';
import {
  initializationName,
  MANIFEST_NAME,
  parseFileName,
  segmentName,
} from '../layout/file-names.ts';
import { filePath, objectPath } from '../layout/object-path.ts';
import { DeletedFiles } from '../manifest/deleted-files.ts';
import { periodsMissing, withPeriods } from '../manifest/merge.ts';
import { readMpd } from '../manifest/mpd-reader.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from '../manifest/presentation.ts';
import { SegmentTimeline } from '../manifest/segment-timeline.ts';
import { removeSegments } from '../manifest/without-segments.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { CONTAINER_NAMES } from '../media/container-name.ts';
import { FolderManifest, hasSegments } from './folder-manifest.ts';
import { FolderNumbers } from './folder-numbers.ts';
import { nextPeriodId, recoverSegments } from './folder-recovery.ts';
import {
  type ForgottenSegments,
  initializationsOf,
  type SegmentNumbers,
} from './forgotten-segments.ts';
import { InitializationFiles } from './initialization-files.ts';
import { OpenSegment } from './open-segment.ts';
import type { FileClock, PeriodTrack, TrackDescription } from './period-track.ts';
import type { PresentationFolderOptions } from './presentation-folder-options.ts';
import type { RemoteFolders } from './remote-folder.ts';
import { type CommittedSegment, segmentFact } from './segment-fact.ts';
import { readSegmentFacts } from './segment-facts.ts';
import { untoldSegments } from './untold-segments.ts';

const KINDS: TrackKind[] = ['video', 'audio'];

/**
 * One day folder of one stream: file numbers, initialization segments, and the manifest of
 * everything that was recorded there, including earlier runs. The stream's write queue makes all
 * asynchronous calls one after another.
 *
 * This is where the promise is kept that no recorded file is overwritten: numbers continue after
 * the highest existing one, so a restart, a reconnect or a codec change never reuses a name. If
 * files are moved to a store, a segment stays here until the manifest on this disk names it. So
 * manifest and files on this disk together show all used numbers, and a recovery finds every
 * segment that is missing from the manifest. If there is no manifest here, the store is asked; if
 * that does not respond, numbering begins above all numbers that can have been used.
 */
export class PresentationFolder {
  readonly path: string;
  readonly #options: PresentationFolderOptions;
  readonly #files: string;
  readonly #presentation: Presentation;
  readonly #numbers = new FolderNumbers();
  readonly #initializations: InitializationFiles;
  readonly #manifest: FolderManifest;
  /** Claimed segments; closed ones are removed from time to time. */
  #claimed: OpenSegment[] = [];
  /** Why the Periods that were opened here began. */
  readonly #reasons = new WeakMap<ManifestPeriod, PeriodReason>();
  /** Number in the id of the last Period. */
  #lastPeriod = 0;
  /** False if the store that has the manifest did not respond. */
  #isKnown = true;
  /** True once a Period was opened here: it may get more segments until the folder is closed. */
  #isGrowing = false;
  /** `doubtful`: a write failed, so the disk must be examined again. */
  #state: 'new' | 'open' | 'doubtful' = 'new';

  constructor(options: PresentationFolderOptions) {
    this.path = options.folder;
    this.#options = options;
    this.#files = filePath(options.root, options.folder);
    this.#initializations = new InitializationFiles(options, this.#numbers);
    this.#presentation = {
      dayStartUs: dayStartUs(options.dayUs),
      live: true,
      segmentSeconds: options.segmentSeconds,
      periods: [],
    };
    this.#manifest = new FolderManifest({
      folder: this.#files,
      presentation: this.#presentation,
      now: options.now,
      onWritten: (segments) =>
        options.onFact({ type: 'manifest', path: this.manifestPath, segments }),
    });
  }

  /** UTC midnight at the end of its day, µs since the Unix epoch. */
  get endUs(): number {
    return dayEndUs(this.#presentation.dayStartUs);
  }

  /** Object path of the manifest. */
  get manifestPath(): string {
    return objectPath(this.path, MANIFEST_NAME);
  }

  /**
   * Creates the folder and recovers its content, unless that has been done. It is repeated after a
   * failure: the folder may have been deleted, and segments that could not be closed are recovered.
   * @throws FolderInUseError while another recorder writes to it; the file system's error;
   * ManifestError for a manifest that we did not write
   */
  async open(): Promise<void> {
    if (this.#state === 'open') return;
    // Before anything in it is changed.
    await this.#options.owners?.take(this.path);
    await makeFolder(this.#files);
    if (this.#state === 'new') await this.#takeUpManifest();
    const entries = await readdir(this.#files, { withFileTypes: true });
    for (const { name } of entries) this.#numbers.addName(name);
    // A folder may have the name of a media file, but is not one of ours.
    const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    if (this.#state === 'doubtful') this.#dropWhatIsGone(names);
    await this.#recover(names);
    this.#state = 'open';
    this.#manifest.publish();
    await this.writeManifest();
  }

  /** A write to the folder failed: its content is examined before anything else is begun. */
  distrust(): void {
    if (this.#state === 'open') this.#state = 'doubtful';
  }

  async #takeUpManifest(): Promise<void> {
    const text = await this.#manifest.read();
    if (text !== undefined) {
      const { periods, deleted } = readMpd(text);
      this.#presentation.periods = periods;
      if (deleted !== undefined) this.#presentation.deleted = deleted;
    }
    if (this.#options.remote) await this.#takeUpStored(this.#options.remote, text !== undefined);
    this.#numbers.addPresentation(this.#presentation);
  }

  /** Recovers segments that are not in the presentation, except those that are being written. */
  async #recover(names: string[]): Promise<void> {
    this.#claimed = this.#claimed.filter(({ file }) => !file.isClosed);
    const open = new Set(this.#claimed.map(({ name }) => name));
    const files = names.map(parseFileName).filter((file) => file !== undefined);
    const left = files.filter(({ name, isPart }) => !(isPart && open.has(name)));
    for (const segment of await recoverSegments(this.#files, left, this.#presentation)) {
      this.#announce(segment.entry, segment);
    }
  }

  /** If somebody has deleted the folder, nothing in the manifest can be played. */
  #dropWhatIsGone(names: string[]): void {
    // Initialization segments that are gone are written anew.
    this.#initializations.keepOnly(names);
    if (names.includes(MANIFEST_NAME)) return;
    this.#manifest.distrust();
    // If files are moved to a store, they need not be here.
    if (this.#options.remote || names.some((name) => parseFileName(name)?.isPart === false)) return;
    this.#presentation.periods.length = 0;
    this.#manifest.clear();
  }

  /** Adds what a store has of this folder. @param isKnown whether its manifest was here */
  async #takeUpStored(remote: RemoteFolders, isKnown: boolean): Promise<void> {
    const stored = await remote.stored(this.path, isKnown);
    this.#isKnown = isKnown || stored !== undefined;
    if (stored === undefined) {
      if (!isKnown) this.#numbers.addAllBefore(this.#options.now());
      return;
    }
    this.#numbers.add(stored.numbers);
    if (stored.manifest === undefined) return;
    const theirs = readMpd(stored.manifest);
    if (theirs.deleted !== undefined) this.#deleted().add(theirs.deleted);
    const missing = periodsMissing(theirs, this.#presentation);
    this.#presentation.periods = withPeriods(this.#presentation, missing).periods;
  }

  /** The numbers of deleted files, in the presentation. */
  #deleted(): DeletedFiles {
    this.#presentation.deleted ??= new DeletedFiles();
    return this.#presentation.deleted;
  }

  /** True when a track of a kind was recorded here, as far as the folder is known yet. */
  has(kind: TrackKind): boolean {
    return this.#presentation.periods.some((period) => period[kind] !== undefined);
  }

  /** Adds a Period after all others. @param reason why it begins, for the index */
  openPeriod(reason?: PeriodReason): ManifestPeriod {
    const period: ManifestPeriod = { id: this.#nextPeriodId(), ended: false };
    this.#presentation.periods.push(period);
    this.#isGrowing = true;
    if (reason !== undefined) this.#reasons.set(period, reason);
    return period;
  }

  /** Not one of before, also of a deleted Period: players identify Periods by their ids. */
  #nextPeriodId(): string {
    const next = nextPeriodId(this.#presentation);
    this.#lastPeriod = Math.max(this.#lastPeriod + 1, Number(next.slice(1)));
    return `p${this.#lastPeriod}`;
  }

  /**
   * Adds a track to a Period and writes its initialization segment, unless there is one with the
   * same content. Precondition: the folder is open.
   * @throws the file system's error
   */
  async openTrack(
    period: ManifestPeriod,
    kind: TrackKind,
    initialization: Buffer,
    description: TrackDescription,
    wallClock: FileClock,
  ): Promise<PeriodTrack> {
    const entry: ManifestTrack = {
      ...description,
      kind,
      initialization: await this.#initializations.write(
        kind,
        description.container,
        initialization,
      ),
      startNumber: 1,
      timeline: new SegmentTimeline(),
      bytes: 0,
    };
    period[kind] = entry;
    return { kind, periodId: period.id, entry, wallClock, lastNumber: undefined };
  }

  /**
   * Begins a segment file with the next number.
   * @throws Error if another writer took the number, which would break the sequence of the Period;
   * the file system's error
   */
  async claim(track: PeriodTrack, startsAtKeyframe: boolean): Promise<OpenSegment> {
    const number = ++this.#numbers.seg[track.kind];
    const name = segmentName(track.kind, number, track.entry.container);
    const file = await SegmentFile.claim(path.join(this.#files, name));
    if (file === undefined) {
      throw new Error(`${this.path}/${name} exists already: does another recorder write here?`);
    }
    if (track.lastNumber === undefined) track.entry.startNumber = number;
    else if (track.lastNumber !== number - 1) {
      await file.discard();
      throw new Error(`${this.path}/${name} does not follow number ${track.lastNumber}`);
    }
    track.lastNumber = number;
    const segment = new OpenSegment(file, number, name, startsAtKeyframe, track);
    this.#claimed = this.#claimed.filter((other) => !other.file.isClosed);
    this.#claimed.push(segment);
    return segment;
  }

  /**
   * Makes a segment durable, then announces it to manifest and index, never earlier.
   * @param endedUs see `SegmentFact`
   * @throws the file system's error
   */
  async commit(track: PeriodTrack, segment: OpenSegment, endedUs?: number): Promise<void> {
    const { entry } = track;
    const facts = await segment.commit();
    entry.timeline.add(segment.startTime, segment.endTime - segment.startTime);
    entry.bytes += facts.size;
    this.#announce(entry, facts, endedUs);
  }

  /**
   * Announces segments that are in the manifest and not in the index, because of a crash in
   * between.
   * @throws the file system's error
   */
  async announceUntold(isKnown: (path: string) => boolean): Promise<void> {
    for (const { entry, name } of untoldSegments(this.#presentation, this.path, isKnown)) {
      const facts = await readSegmentFacts(path.join(this.#files, name), entry).catch(absent);
      if (facts !== undefined) this.#announce(entry, { ...facts, name });
    }
  }

  /** Announces a durable segment to the index. Times are ticks. */
  #announce(entry: ManifestTrack, segment: CommittedSegment, endedUs?: number): void {
    const period = this.#presentation.periods.findLast((each) => each[entry.kind] === entry);
    const periodReason = period && this.#reasons.get(period);
    this.#manifest.add(entry, objectPath(this.path, segment.name));
    const { stream, onFact } = this.#options;
    onFact(segmentFact(stream, this.path, entry, segment, periodReason, endedUs));
  }

  /**
   * Takes segments out of the manifest, on disk too, so that their files can be deleted once players
   * have noticed. Their numbers are not used again. May be repeated with the same segments.
   * @returns what else is to be deleted with them
   * @throws FolderInUseError while another recorder writes to it; ManifestError for a manifest that
   * we did not write; Error while its manifest cannot be read from the store; the file system's error
   */
  async forget(numbers: SegmentNumbers): Promise<ForgottenSegments> {
    await this.open();
    if (!this.#isKnown) throw new Error(`${this.path}: the store does not tell what it has of it`);
    const presentation = this.#presentation;
    const deleted = this.#deleted();
    for (const kind of KINDS) for (const number of numbers[kind]) deleted.seg[kind].add(number);
    const before = initializationsOf(presentation);
    removeSegments(presentation, (kind, number) => deleted.seg[kind].has(number), {
      isGrowing: this.#isGrowing && presentation.live,
      nextId: () => this.#nextPeriodId(),
    });
    const left = initializationsOf(presentation);
    for (const name of before) {
      const file = parseFileName(name);
      if (left.has(name) || file === undefined) continue;
      this.#initializations.forget(name);
      deleted.init[file.kind].add(file.number);
    }
    deleted.lastPeriod = Number(nextPeriodId(presentation).slice(1)) - 1;
    this.#manifest.republish();
    await this.writeManifest();
    return {
      isEmpty: !presentation.periods.some(hasSegments),
      initializations: CONTAINER_NAMES.flatMap((container) =>
        KINDS.flatMap((kind) =>
          Array.from(deleted.init[kind].numbers(), (number) =>
            objectPath(this.path, initializationName(kind, number, container)),
          ),
        ),
      ),
    };
  }

  /** The same in a folder that nobody records to: its manifest is static afterwards. */
  async forgetClosed(numbers: SegmentNumbers): Promise<ForgottenSegments> {
    this.#presentation.live = false;
    const forgotten = await this.forget(numbers);
    await this.#options.owners?.release(this.path);
    return forgotten;
  }

  /** See {@link FolderManifest.text}. */
  get manifest(): string | undefined {
    return this.#manifest.text;
  }

  /** Does what is due; call about four times a second. */
  tick(): void {
    this.#manifest.tick();
  }

  /** See {@link FolderManifest.isDue}. */
  manifestIsDue(): boolean {
    return this.#manifest.isDue();
  }

  /** See {@link FolderManifest.expedite}. */
  expediteManifest(): void {
    this.#manifest.expedite();
  }

  /** Replaces the manifest on disk. @throws the file system's error */
  async writeManifest(): Promise<void> {
    try {
      await this.#manifest.write();
    } catch (error) {
      this.distrust();
      throw error;
    }
  }

  /**
   * Ends the presentation: the manifest becomes static. May be called again after a failure.
   * @throws the file system's error
   */
  async close(): Promise<void> {
    await this.open();
    this.#presentation.live = false;
    for (const period of this.#presentation.periods) period.ended = true;
    this.#manifest.publish();
    await this.writeManifest();
    await this.#options.owners?.release(this.path);
  }
}
