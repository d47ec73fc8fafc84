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
import type { SegmentFacts } from './segment-facts.ts';

/** A segment that was on the disk and not in the manifest. Times are ticks since the Unix epoch. */
export interface RecoveredSegment extends SegmentFacts {
  kind: TrackKind;
  name: string;
  /** The manifest's entry it was added to. */
  entry: ManifestTrack;
}

/** Period that a track was recorded in, where it had to become one of another. */
const originOf = new WeakMap<ManifestTrack, string>();

/** Tracks that begin within this of each other were one Period, seconds. */
const SAME_PERIOD_SECONDS = 5;

/**
 * Takes up what a crash left in a day folder: segments that were committed after the manifest was
 * written last, and part files, cut to their last whole chunk. They are added to the presentation
 * in the order of time, to the Period that they go on with or else to a new one. What cannot be read,
 * or has no place in time, is left alone.
 *
 * @param folder path of the file system
 * @param files what is in it
 * @throws the file system's error
 */
export async function recoverSegments(
  folder: string,
  files: FolderFile[],
  presentation: Presentation,
): Promise<RecoveredSegment[]> {
  const recovered: RecoveredSegment[] = [];
  // Nothing was recorded for an initialization segment that is unfinished.
  for (const { type, isPart, name } of files) {
    if (type === 'init' && isPart) await rm(path.join(folder, name + PART_SUFFIX), { force: true });
  }
  const names = new Set(files.filter(({ isPart }) => !isPart).map(({ name }) => name));
  const lost = files.filter(
    ({ type, kind, number, name, isPart }) =>
      // A whole file of the name is not to be replaced by the part.
      type === 'seg' && !isListed(presentation, kind, number) && !(isPart && names.has(name)),
  );
  const found: (NonNullable<Awaited<ReturnType<typeof takeUp>>> & { file: FolderFile })[] = [];
  for (const file of lost) {
    const segment = await takeUp(folder, file);
    if (segment !== undefined) found.push({ ...segment, file });
  }
  found.sort((a, b) => startSeconds(a) - startSeconds(b) || a.file.number - b.file.number);
  for (const { file, origin, ...segment } of found) {
    const { startTime, endTime } = segment.span;
    const entry = await entryFor(folder, files, presentation, file, startTime, origin);
    if (entry === undefined) continue;
    entry.timeline.add(startTime, endTime - startTime);
    entry.bytes += segment.size;
    recovered.push({ ...segment, kind: file.kind, entry });
  }
  if (lost.some(({ isPart }) => isPart)) await syncFolder(folder);
  return recovered;
}

function startSeconds({ span, file }: { span: SegmentFacts['span']; file: FolderFile }): number {
  return span.startTime / timescaleOf(file);
}

function isListed(presentation: Presentation, kind: TrackKind, number: number): boolean {
  return presentation.periods.some((period) => {
    const track = period[kind];
    if (track === undefined) return false;
    return number >= track.startNumber && number < track.startNumber + track.timeline.count;
  });
}

/** Makes a file a whole segment under its final name, and reads what it holds. */
async function takeUp(folder: string, file: FolderFile) {
  const found = path.join(folder, file.name + (file.isPart ? PART_SUFFIX : ''));
  const container = containerNamed(file.container);
  const handle = await open(found, 'r+');
  try {
    const { size } = await handle.stat();
    const { chunks, validLength } = await container.readChunks(handle, size);
    const first = chunks[0];
    if (first === undefined) {
      // A name that was claimed and never written to. Anything else stays for a human to look at.
      if (file.isPart && size === 0) await rm(found);
      return undefined;
    }
    if (file.isPart && validLength < size) await handle.truncate(validLength);
    let endTime = first.startTime;
    const keyframes: number[] = [];
    for (const chunk of chunks) {
      const shift = endTime - chunk.startTime;
      // Chunks of a segment follow each other without a hole; where they do not, the crash came while
      // the segment was being moved to its final time, which starts with the first chunk.
      if (shift !== 0) await overwrite(handle, container.baseTime(endTime), chunk.baseTimeOffset);
      keyframes.push(...chunk.keyframeTimes.map((time) => time + shift));
      endTime += chunk.duration;
    }
    const { startTime } = first;
    const { times, origin } = await readSegmentHead(handle, file);
    const span = wallClockSpan(times, startTime, endTime, timescaleOf(file));
    if (times !== undefined && times !== span) {
      await overwrite(handle, container.headTimes(span), 0);
    }
    if (file.isPart) {
      await handle.datasync();
      await rename(found, path.join(folder, file.name));
    }
    const startsAtKeyframe = file.kind === 'audio' || keyframes[0] === startTime;
    return { name: file.name, span, keyframes, startsAtKeyframe, size: validLength, origin };
  } finally {
    await handle.close();
  }
}

async function overwrite(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  await handle.write(bytes, 0, bytes.length, position);
}

/** The manifest's entry that a segment goes on with, or a new one. */
async function entryFor(
  folder: string,
  files: FolderFile[],
  presentation: Presentation,
  { kind, container, number }: FolderFile,
  startTime: number,
  origin: SegmentOrigin | undefined,
): Promise<ManifestTrack | undefined> {
  for (const period of presentation.periods) {
    const track = period[kind];
    if (track === undefined) continue;
    const { startNumber, timeline } = track;
    if (origin !== undefined && origin.period !== (originOf.get(track) ?? period.id)) continue;
    if (startNumber + timeline.count !== number) continue;
    // One that its recorder opened here, and of which nothing could be closed, has no end yet.
    if (timeline.count === 0 ? origin !== undefined : timeline.endTicks === startTime) return track;
  }
  const name = origin?.initialization ?? lastInitialization(files, { kind, container });
  if (name === undefined) return undefined;
  const description = await describe(folder, presentation, { kind, container }, name);
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

/** What an initialization segment says, or another track that has it where it has left this disk. */
async function describe(
  folder: string,
  presentation: Presentation,
  { kind, container }: FileFormat,
  name: string,
): Promise<Omit<ManifestTrack, 'startNumber' | 'timeline' | 'bytes'> | undefined> {
  const data = await readFile(path.join(folder, name)).catch(absent);
  if (data === undefined) {
    const period = presentation.periods.find((other) => other[kind]?.initialization === name);
    return period?.[kind];
  }
  const facts = containerNamed(container).readInitialization(data);
  if (facts === undefined) return undefined;
  const { codecs, timescale, width, height, channels, samplingRate } = facts;
  return {
    kind,
    container,
    codecs,
    timescale,
    initialization: name,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(channels !== undefined && { channels }),
    ...(samplingRate !== undefined && { samplingRate }),
  };
}

/** Where segments do not say what they need: the file that was written last. */
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

/** Adds a track to the Period that it was recorded in, or to another where it cannot go on there. */
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

/** An identifier that no Period has: that of the one after the last. */
export function nextPeriodId({ periods }: Presentation): string {
  let last = 0;
  for (const { id } of periods) last = Math.max(last, Number(/\d+$/.exec(id)?.[0] ?? 0));
  return `p${last + 1}`;
}
