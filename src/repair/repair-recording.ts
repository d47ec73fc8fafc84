import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { nextPeriodId, recoverSegments } from '../day-folder/folder-recovery.ts';
import { absent } from '../files/absent.ts';
import { replaceFile } from '../files/durable-file.ts';
import { dayStartUs } from '../layout/day.ts';
import { dayStartOf } from '../layout/day-path.ts';
import {
  type FolderFile,
  MANIFEST_NAME,
  PART_SUFFIX,
  parseFileName,
  segmentName,
} from '../layout/file-names.ts';
import { writeMpd } from '../manifest/mpd.ts';
import { ManifestError, readMpd } from '../manifest/mpd-reader.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { trackTicksToUs } from '../media/media-time.ts';
import { type FileTrack, trackOfFile } from '../verification/file-track.ts';
import { type Finding, isDamaged } from '../verification/finding.ts';
import { RecordingFiles } from '../verification/recording-files.ts';
import { inspectSegment, type SegmentInspection } from '../verification/segment-inspection.ts';
import { verifyRecording } from '../verification/verify-recording.ts';
import { repairInitialization } from './initialization-repair.ts';
import { type PresentSegment, splitPeriod } from './period-split.ts';
import { repairSegment, type SegmentTimes } from './segment-repair.ts';
import { giveName, setAside } from './set-aside.ts';

const KINDS: TrackKind[] = ['video', 'audio'];

/** An action of a repair. */
export interface RepairAction {
  /** Name of the file in the day folder. */
  file: string;
  message: string;
}

/** The actions of a repair, and the damage that is left. */
export interface RepairResult {
  folder: string;
  actions: RepairAction[];
  left: Finding[];
}

/**
 * Repairs a day folder as far as possible, so that players can play it: the intact part of damaged
 * segments is kept, segments that are missing from the manifest are added, lost ones are removed
 * from it, and an unreadable manifest is rebuilt from the files. Nothing is deleted: replaced files
 * are kept under new names. No recorder may be running on the folder.
 * @param folder path in the file system, `…/<stream>/YYYY/MM/DD`
 * @param nowUs µs since the Unix epoch
 * @throws the file system's error
 */
export async function repairRecording(folder: string, nowUs: number): Promise<RepairResult> {
  const before = await verifyRecording(folder);
  if (!isDamaged(before)) return { folder, actions: [], left: [] };
  const repair = new RecordingRepair(folder, nowUs);
  await repair.run(before.findings);
  const after = await verifyRecording(folder);
  return { folder, actions: repair.actions, left: after.findings.filter(({ damage }) => damage) };
}

/** A segment of the manifest. */
interface Listed extends SegmentTimes {
  name: string;
  track: ManifestTrack;
}

class RecordingRepair {
  readonly actions: RepairAction[] = [];
  readonly #folder: string;
  readonly #nowUs: number;

  constructor(folder: string, nowUs: number) {
    this.#folder = folder;
    this.#nowUs = nowUs;
  }

  async run(findings: readonly Finding[]): Promise<void> {
    const presentation = await this.#readManifest(findings);
    const listed = listedIn(presentation);
    await this.#setAsideDoubles(listed);
    await this.#findRenamed(listed);
    const present = await this.#repairSegments(listed);
    for (const track of new Map(
      listed.map((each) => [each.track.initialization, each.track]),
    ).values()) {
      const done = await repairInitialization(this.#folder, await this.#names(), track);
      if (done !== undefined) this.#did(track.initialization, done);
    }
    presentation.periods = this.#withoutLost(presentation, present);
    await this.#setAsideCopies(presentation);
    for (const { name, kind } of await this.#takeUp(presentation)) {
      this.#did(name, `added to the manifest (${kind})`);
    }
    presentation.periods.sort((a, b) => startSeconds(a) - startSeconds(b));
    await this.#writeManifest(presentation);
  }

  #did(file: string, message: string): void {
    this.actions.push({ file, message });
  }

  async #names(): Promise<Set<string>> {
    return new Set(await readdir(this.#folder));
  }

  /** The manifest, or an empty one if it cannot be used; all Periods are ended. */
  async #readManifest(findings: readonly Finding[]): Promise<Presentation> {
    const text = await readFile(path.join(this.#folder, MANIFEST_NAME), 'utf8').catch(absent);
    const contradictsItself = findings.some(
      ({ kind, message }) =>
        kind === 'overlap' || (kind === 'duplicate' && /Periods/.test(message)),
    );
    let presentation: Presentation | undefined;
    if (text !== undefined && !contradictsItself) {
      try {
        presentation = readMpd(text);
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error;
      }
    }
    if (presentation !== undefined) return { ...presentation, live: false };
    if (text !== undefined) {
      const aside = await setAside(this.#folder, MANIFEST_NAME);
      this.#did(MANIFEST_NAME, `cannot be used: kept as ${aside}`);
    }
    const dayUs = dayStartOf(path.resolve(this.#folder)) ?? (await this.#firstDayUs());
    return { dayStartUs: dayUs, live: false, segmentSeconds: 1, periods: [] };
  }

  /** UTC midnight before the first segment, for a folder whose name is not a day. */
  async #firstDayUs(): Promise<number> {
    let firstUs = Number.POSITIVE_INFINITY;
    for (const file of await this.#segmentFiles()) {
      const { chunks, startTime, timescale } = await this.#inspect(file.name);
      if (chunks.length > 0) firstUs = Math.min(firstUs, trackTicksToUs(startTime, timescale));
    }
    return dayStartUs(Number.isFinite(firstUs) ? firstUs : this.#nowUs);
  }

  async #segmentFiles(): Promise<FolderFile[]> {
    const files = [...(await this.#names())].map(parseFileName);
    return files.filter((file) => file?.type === 'seg' && !file.isPart) as FolderFile[];
  }

  async #inspect(name: string): Promise<SegmentInspection & Pick<FileTrack, 'timescale'>> {
    const files = new RecordingFiles(this.#folder);
    const { codec, timescale } = await trackOfFile(files, name);
    const found = await inspectSegment(files, name, codec);
    if (found === undefined) throw new Error(`${name} disappeared during the repair`);
    return { ...found, timescale };
  }

  /**
   * Of two files with the same number, the one that the manifest names (or the intact one) stays.
   */
  async #setAsideDoubles(listed: readonly Listed[]): Promise<void> {
    const names = await this.#names();
    const isListed = new Set(listed.map(({ name }) => name));
    for (const file of [...names].sort()) {
      const parsed = parseFileName(file);
      if (parsed?.type !== 'seg') continue;
      const usual = segmentName(parsed.kind, parsed.number, parsed.container);
      const isDouble = file !== usual && (names.has(usual) || isListed.has(usual));
      if (!isDouble || (parsed.isPart && !names.has(usual))) continue;
      this.#did(file, `kept as ${await setAside(this.#folder, file)}: ${usual} exists too`);
    }
  }

  /** Restores the names of files whose times match those of a missing segment. */
  async #findRenamed(listed: readonly Listed[]): Promise<void> {
    const names = await this.#names();
    const missing = listed.filter(({ name }) => !names.has(name));
    if (missing.length === 0) return;
    const isListed = new Set(listed.map(({ name }) => name));
    for (const each of [...missing]) {
      const part = each.name + PART_SUFFIX;
      if (!names.has(part)) continue;
      if ((await this.#inspect(part)).chunks.length === 0) continue;
      missing.splice(missing.indexOf(each), 1);
      await giveName(this.#folder, part, each.name);
      this.#did(part, `renamed to ${each.name}, its name in the manifest`);
    }
    for (const { name, kind } of await this.#segmentFiles()) {
      if (isListed.has(name)) continue;
      const { torn, startTime, duration } = await this.#inspect(name);
      const lost = missing.find(
        (each) =>
          each.track.kind === kind &&
          each.startTicks === startTime &&
          each.durationTicks === duration,
      );
      if (torn !== undefined || lost === undefined) continue;
      missing.splice(missing.indexOf(lost), 1);
      await giveName(this.#folder, name, lost.name);
      this.#did(name, `renamed to ${lost.name}, which has the same times`);
    }
  }

  /** Repairs segment files. @returns those that the manifest names and that have content */
  async #repairSegments(listed: readonly Listed[]): Promise<Map<string, PresentSegment>> {
    const places = new Map(listed.map((each) => [each.name, each]));
    const present = new Map<string, PresentSegment>();
    for (const file of await this.#names()) {
      const parsed = parseFileName(file);
      if (parsed?.type !== 'seg') continue;
      const place = parsed.isPart ? undefined : places.get(file);
      const inspection = await this.#inspect(file);
      // A claimed name without content has nothing to keep.
      const done =
        parsed.isPart && inspection.size === 0
          ? undefined
          : await repairSegment(this.#folder, file, inspection, place, inspection.timescale);
      if (done !== undefined) this.#did(file, done);
      if (place === undefined || inspection.chunks.length === 0) continue;
      const isCut = inspection.torn !== undefined && inspection.duration < place.durationTicks;
      present.set(file, {
        startTicks: place.startTicks,
        durationTicks: isCut ? inspection.duration : place.durationTicks,
        size: inspection.validLength,
      });
    }
    return present;
  }

  #withoutLost(
    presentation: Presentation,
    present: ReadonlyMap<string, PresentSegment>,
  ): ManifestPeriod[] {
    const ids = { periods: [...presentation.periods] };
    const nextId = () => {
      const id = nextPeriodId({ ...presentation, periods: ids.periods });
      ids.periods.push({ id, ended: true });
      return id;
    };
    return presentation.periods.flatMap((period) => {
      const left = splitPeriod(period, present, nextId);
      if (left[0] !== period) {
        const what =
          left.length === 0 ? 'removed' : `split into ${left.length} without the lost segments`;
        this.#did(MANIFEST_NAME, `Period ${period.id} ${what}`);
      }
      return left;
    });
  }

  /** A segment that covers the same time as another one of the track cannot be played with it. */
  async #setAsideCopies(presentation: Presentation): Promise<void> {
    const taken = listedIn(presentation).map(({ track, startTicks, durationTicks }) => ({
      kind: track.kind,
      start: startTicks,
      end: startTicks + durationTicks,
    }));
    const isListed = new Set(listedIn(presentation).map(({ name }) => name));
    for (const name of [...(await this.#names())].sort()) {
      const file = parseFileName(name);
      if (file?.type !== 'seg' || isListed.has(name)) continue;
      if (presentation.deleted?.seg[file.kind].has(file.number)) continue;
      const { chunks, startTime, duration } = await this.#inspect(name);
      if (chunks.length === 0) continue;
      const { kind } = file;
      const end = startTime + duration;
      if (taken.some((each) => each.kind === kind && each.start < end && each.end > startTime)) {
        const aside = await setAside(this.#folder, name);
        this.#did(name, `kept as ${aside}: another segment covers its time`);
      } else taken.push({ kind, start: startTime, end });
    }
  }

  async #takeUp(presentation: Presentation) {
    const files = [...(await this.#names())].map(parseFileName);
    const known = files.filter((file) => file !== undefined);
    return recoverSegments(this.#folder, known, presentation);
  }

  async #writeManifest(presentation: Presentation): Promise<void> {
    if (presentation.periods.length === 0) return;
    const text = writeMpd(presentation, { nowUs: this.#nowUs });
    const file = path.join(this.#folder, MANIFEST_NAME);
    const old = await readFile(file, 'utf8').catch(absent);
    if (old === text) return;
    const aside = old && (await setAside(this.#folder, MANIFEST_NAME, { keep: true }));
    await replaceFile(file, text);
    this.#did(MANIFEST_NAME, `rewritten${aside ? `; old file kept as ${aside}` : ''}`);
  }
}

function listedIn({ periods }: Presentation): Listed[] {
  const listed: Listed[] = [];
  for (const period of periods) {
    for (const kind of KINDS) {
      const track = period[kind];
      if (track === undefined) continue;
      let number = track.startNumber;
      for (const times of track.timeline.segments()) {
        listed.push({ ...times, name: segmentName(kind, number++, track.container), track });
      }
    }
  }
  return listed;
}

function startSeconds(period: ManifestPeriod): number {
  const tracks = KINDS.map((kind) => period[kind]).filter((track) => track !== undefined);
  return Math.min(...tracks.map(({ timeline, timescale }) => timeline.startTicks / timescale));
}
