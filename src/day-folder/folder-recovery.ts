import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SegmentOrigin } from '../containers/container.ts';
import { readSegmentHead } from '../containers/read-head.ts';
import { containerNamed, type FileFormat, timescaleOf } from '../containers/registry.ts';
import { absent } from '../files/absent.ts';
import { syncFolder } from '../files/durable-file.ts';
import { type FolderFile, initializationName, PART_SUFFIX } from '../layout/file-names.ts';
import type { ManifestTrack, Presentation } from '../manifest/presentation.ts';
import { SegmentTimeline } from '../manifest/segment-timeline.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { wallClockSpan } from '../media/wall-clock-span.ts';
import type { CommittedSegment } from './segment-fact.ts';

/** A segment that was on disk and not in the manifest. Times are ticks since the Unix epoch. */
export interface RecoveredSegment extends CommittedSegment {
  kind: TrackKind;
  /** The entry of the manifest to which it was added. */
  entry: ManifestTrack;
}

/** Id of the Period in which a track was recorded, if it had to be added to another one. */
const originOf = new WeakMap<ManifestTrack, string>();

/** Files that are read at a time: on a disk that has just started, each read waits for it. */
const AT_ONCE = 8;

/** Tracks that begin within this time of each other belong to the same Period, seconds. */
const SAME_PERIOD_SECONDS = 5;

/**
 * Recovers what a crash left in a day folder: segments that were committed after the last write of
 * the manifest, and part files, truncated after their last complete chunk. They are added to the
 * presentation in chronological order, to the Period that they continue or else to a new one. Files
 * that cannot be read or have no valid times, or whose deletion has begun, are left alone.
 *
 * @param folder path in the file system
 * @param files its content
 * @throws the file system's error
 */
export async function recoverSegments(
  folder: string,
  files: FolderFile[],
  presentation: Presentation,
): Promise<RecoveredSegment[]> {
  const recovered: RecoveredSegment[] = [];
  // Nothing was recorded with an unfinished initialization segment.
  for (const { type, isPart, name } of files) {
    if (type === 'init' && isPart) await rm(path.join(folder, name + PART_SUFFIX), { force: true });
  }
  const names = new Set(files.filter(({ isPart }) => !isPart).map(({ name }) => name));
  const lost = files.filter(
    ({ type, kind, number, name, isPart }) =>
      // A part file must not replace a complete file with the same name.
      type === 'seg' &&
      !isListed(presentation, kind, number) &&
      !presentation.deleted?.seg[kind].has(number) &&
      !(isPart && names.has(name)),
  );
  const initializations = new InitializationReader(folder);
  const found: (NonNullable<Awaited<ReturnType<typeof takeUp>>> & { file: FolderFile })[] = [];
  const left = lost.values();
  const takeUpLeft = async () => {
    for (const file of left) {
      const segment = await takeUp(folder, file, presentation, initializations);
      if (segment !== undefined) found.push({ ...segment, file });
    }
  };
  // All of them, so that nothing is changed any more when an error is thrown.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, takeUpLeft));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  found.sort(
    (a, b) =>
      a.startSeconds - b.startSeconds ||
      a.file.number - b.file.number ||
      // Picture and sound are found in any order.
      (a.file.name < b.file.name ? -1 : 1),
  );
  for (const { file, origin, startSeconds, ...segment } of found) {
    const { startTime, endTime } = segment.span;
    const entry = await entryFor(files, presentation, file, startTime, origin, initializations);
    if (entry === undefined) continue;
    entry.timeline.add(startTime, endTime - startTime);
    entry.bytes += segment.size;
    recovered.push({ ...segment, kind: file.kind, entry });
  }
  if (lost.some(({ isPart }) => isPart)) await syncFolder(folder);
  return recovered;
}

function isListed(presentation: Presentation, kind: TrackKind, number: number): boolean {
  return presentation.periods.some((period) => {
    const track = period[kind];
    if (track === undefined) return false;
    return number >= track.startNumber && number < track.startNumber + track.timeline.count;
  });
}

/** Makes a file a complete segment under its final name, and reads its content. */
async function takeUp(
  folder: string,
  file: FolderFile,
  presentation: Presentation,
  initializations: InitializationReader,
) {
  const found = path.join(folder, file.name + (file.isPart ? PART_SUFFIX : ''));
  const container = containerNamed(file.container);
  const handle = await open(found, 'r+');
  try {
    const { size } = await handle.stat();
    const { chunks, validLength } = await container.readChunks(handle, size);
    const first = chunks[0];
    if (first === undefined) {
      // A name that was claimed and never written to. Other files are kept for the operator.
      if (file.isPart && size === 0) await rm(found);
      return undefined;
    }
    if (file.isPart && validLength < size) await handle.truncate(validLength);
    let endTime = first.startTime;
    const keyframes: number[] = [];
    for (const chunk of chunks) {
      const shift = endTime - chunk.startTime;
      // The chunks of a segment are contiguous; if not, the crash happened while the segment was
      // moved to its final time, which begins with the first chunk.
      if (shift !== 0) await overwrite(handle, container.baseTime(endTime), chunk.baseTimeOffset);
      keyframes.push(...chunk.keyframeTimes.map((time) => time + shift));
      endTime += chunk.duration;
    }
    const { startTime } = first;
    const { times, origin } = await readSegmentHead(handle, file);
    const described =
      origin && (await describe(initializations, presentation, file, origin.initialization));
    const timescale = described?.timescale ?? timescaleOf(file);
    const span = wallClockSpan(times, startTime, endTime, timescale);
    if (times !== undefined && times !== span) {
      await overwrite(handle, container.headTimes(span), 0);
    }
    if (file.isPart) {
      await handle.datasync();
      await rename(found, path.join(folder, file.name));
    }
    const startsAtKeyframe = file.kind === 'audio' || keyframes[0] === startTime;
    const facts = { name: file.name, span, keyframes, startsAtKeyframe, size: validLength };
    return { ...facts, origin, startSeconds: startTime / timescale };
  } finally {
    await handle.close();
  }
}

async function overwrite(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  await handle.write(bytes, 0, bytes.length, position);
}

/** The entry of the manifest that a segment continues, or a new one. */
async function entryFor(
  files: FolderFile[],
  presentation: Presentation,
  { kind, container, number }: FolderFile,
  startTime: number,
  origin: SegmentOrigin | undefined,
  initializations: InitializationReader,
): Promise<ManifestTrack | undefined> {
  for (const period of presentation.periods) {
    const track = period[kind];
    if (track === undefined) continue;
    const { startNumber, timeline } = track;
    if (origin !== undefined && origin.period !== (originOf.get(track) ?? period.id)) continue;
    if (startNumber + timeline.count !== number) continue;
    // An entry that its recorder opened here without closing a segment has no end yet.
    if (timeline.count === 0 ? origin !== undefined : timeline.endTicks === startTime) return track;
  }
  const name = origin?.initialization ?? lastInitialization(files, { kind, container });
  if (name === undefined) return undefined;
  const description = await describe(initializations, presentation, { kind, container }, name);
  if (description === undefined) return undefined;
  const entry = { ...description, startNumber: number, timeline: new SegmentTimeline(), bytes: 0 };
  if (origin !== undefined) {
    originOf.set(entry, origin.period);
    return addToPeriod(presentation, entry, origin.period);
  }
  const last = presentation.periods.at(-1);
  const other = last?.[kind === 'video' ? 'audio' : 'video'];
  const startSeconds = startTime / entry.timescale;
  if (last && !last[kind] && other && isNear(other, startSeconds)) last[kind] = entry;
  else presentation.periods.push({ id: nextPeriodId(presentation), ended: true, [kind]: entry });
  return entry;
}

/** Reads each initialization segment of a folder once: many segments need the same. */
class InitializationReader {
  readonly #folder: string;
  readonly #read = new Map<string, Promise<Buffer | undefined>>();

  /** @param folder path in the file system */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns undefined if there is no such file @throws the file system's error */
  read(name: string): Promise<Buffer | undefined> {
    let data = this.#read.get(name);
    if (data === undefined) {
      data = readFile(path.join(this.#folder, name)).catch(absent);
      this.#read.set(name, data);
    }
    return data;
  }
}

/**
 * The content of an initialization segment, or that of another track that uses it if the file has
 * been uploaded.
 */
async function describe(
  initializations: InitializationReader,
  presentation: Presentation,
  { kind, container }: FileFormat,
  name: string,
): Promise<Omit<ManifestTrack, 'startNumber' | 'timeline' | 'bytes'> | undefined> {
  const data = await initializations.read(name);
  if (data === undefined) {
    const period = presentation.periods.find((other) => other[kind]?.initialization === name);
    return period?.[kind];
  }
  const facts = containerNamed(container).readInitialization(data);
  if (facts === undefined) return undefined;
  const { codecs, timescale, width, height, sampleAspectRatio, channels, samplingRate } = facts;
  return {
    kind,
    container,
    codecs,
    timescale,
    initialization: name,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(sampleAspectRatio !== undefined && { sampleAspectRatio }),
    ...(channels !== undefined && { channels }),
    ...(samplingRate !== undefined && { samplingRate }),
  };
}

/** The file that was written last, for segments that do not name theirs. */
function lastInitialization(files: FolderFile[], format: FileFormat): string | undefined {
  const { kind, container } = format;
  const numbers = files
    .filter((file) => file.type === 'init' && !file.isPart)
    .filter((file) => file.kind === kind && file.container === container)
    .map((file) => file.number);
  return numbers.length === 0
    ? undefined
    : initializationName(kind, Math.max(...numbers), container);
}

/**
 * Adds a track to the Period in which it was recorded, or to another one if it cannot continue
 * there.
 */
function addToPeriod(presentation: Presentation, entry: ManifestTrack, id: string): ManifestTrack {
  const period = presentation.periods.find((other) => other.id === id);
  if (period !== undefined && period[entry.kind] === undefined) period[entry.kind] = entry;
  else {
    const free = period === undefined ? id : nextPeriodId(presentation);
    presentation.periods.push({ id: free, ended: true, [entry.kind]: entry });
  }
  return entry;
}

function isNear({ timeline, timescale }: ManifestTrack, seconds: number): boolean {
  return Math.abs(timeline.startTicks / timescale - seconds) < SAME_PERIOD_SECONDS;
}

/** An unused Period id: the one after the last. */
export function nextPeriodId({ periods, deleted }: Presentation): string {
  let last = deleted?.lastPeriod ?? 0;
  for (const { id } of periods) last = Math.max(last, Number(/\d+$/.exec(id)?.[0] ?? 0));
  return `p${last + 1}`;
}
