import type { SegmentOrigin } from '../containers/container.ts';
import { containerNamed, type FileFormat } from '../containers/registry.ts';
import { hasSegments } from '../day-folder/folder-manifest.ts';
import { factsOf } from '../day-folder/segment-facts.ts';
import type { Segment } from '../facts/segment.ts';
import { dayStartOf } from '../layout/day-path.ts';
import {
  type FolderFile,
  initializationName,
  MANIFEST_NAME,
  parseFileName,
  segmentName,
} from '../layout/file-names.ts';
import { folderOf, nameOf, objectPath } from '../layout/object-path.ts';
import { ManifestError, readMpd } from '../manifest/mpd-reader.ts';
import type { Presentation } from '../manifest/presentation.ts';
import { wallClockUs } from '../media/wall-clock-span.ts';
import type { RecordedFile, RecordingsReader } from '../storage/recordings-reader.ts';

/** Number of files that are read concurrently. */
const AT_ONCE = 4;

/** Properties of a segment that are not in its own file. */
interface TrackOfSegment {
  initialization: string;
  codecs: string;
}

type Initialization = TrackOfSegment & FileFormat & { modifiedMs: number };

/** The segments of a day folder. */
export interface FolderSegments {
  /** As in the index, in the order in which they ended. */
  segments: Segment[];
  /**
   * Segments that were being deleted: their manifest says so, and their files are still there; or the
   * last of a folder in which none is left, without its size.
   */
  leaving: Segment[];
  /** Object paths of segments without a readable sample. */
  unreadable: string[];
}

/**
 * Reads the segments of a day folder as they were announced when they were recorded: times and
 * keyframes from the files, codec and initialization segment from the manifest. A segment that is
 * in no manifest names its initialization segment itself; for one of an earlier version, it is the
 * last one written before it. Only box headers of segments are read.
 *
 * @param folder object path
 * @param isWanted selects the segments to read by their object paths
 * @param signal stops early, with the results so far
 * @throws what the reader throws
 */
export async function readFolderSegments(
  reader: RecordingsReader,
  folder: string,
  stream: string,
  isWanted: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<FolderSegments> {
  const files = new Map<string, RecordedFile>();
  for await (const file of reader.files(folder)) {
    files.set(nameOf(file.key), file);
  }
  const wanted: { file: RecordedFile; name: string; parsed: FolderFile }[] = [];
  for (const [name, file] of files) {
    const parsed = parseFileName(name);
    if (parsed?.type === 'seg' && !parsed.isPart && isWanted(file.key)) {
      wanted.push({ file, name, parsed });
    }
  }
  const result: FolderSegments = { segments: [], leaving: [], unreadable: [] };
  const isEmptied = ![...files.keys()].some((name) => parseFileName(name)?.type === 'seg');
  if (wanted.length === 0 && !isEmptied) return result;
  const presentation = await readPresentation(reader, files.get(MANIFEST_NAME));
  if (isEmptied) {
    const last = presentation && lastDeleted(presentation, folder);
    if (last !== undefined && isWanted(last.path)) result.leaving.push({ stream, ...last });
    return result;
  }
  const listed = listedIn(presentation);
  let initializations: Initialization[] | undefined;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
        if (signal?.aborted) return;
        const { file, name, parsed } = next;
        const segment = await readSegment(reader, file, parsed, async (origin) => {
          const known = listed.get(name);
          if (known !== undefined) return known;
          initializations ??= await readInitializations(reader, files);
          return initializationOf(initializations, parsed, file, origin);
        });
        if (segment === 'gone') continue;
        if (segment === undefined) result.unreadable.push(file.key);
        else if (presentation?.deleted?.seg[parsed.kind].has(parsed.number)) {
          result.leaving.push({ stream, ...segment });
        } else result.segments.push({ stream, ...segment });
      }
    }),
  );
  result.segments.sort((a, b) => a.endUs - b.endUs || (a.path < b.path ? -1 : 1));
  return result;
}

async function readSegment(
  reader: RecordingsReader,
  file: RecordedFile,
  format: FileFormat,
  trackOf: (origin: SegmentOrigin | undefined) => Promise<TrackOfSegment | undefined>,
): Promise<Omit<Segment, 'stream'> | 'gone' | undefined> {
  const source = await reader.open(file);
  if (source === undefined) return 'gone';
  try {
    const found = await factsOf(source, source.size, format);
    const track = found && (await trackOf(found.origin));
    if (track === undefined) return undefined;
    const { span, keyframes, startsAtKeyframe } = found!.facts;
    return {
      kind: format.kind,
      startUs: span.startUs,
      endUs: span.endUs,
      path: file.key,
      initPath: objectPath(folderOf(file.key), track.initialization),
      isKeyframe: startsAtKeyframe,
      keyframes: keyframes.map((time) => wallClockUs(span, time)),
      codec: track.codecs,
      size: source.size,
    };
  } finally {
    await source.close();
  }
}

/**
 * A segment by which the index remembers a folder that deletion has emptied, until its day is over and
 * it is removed: the last one that was there. Nothing but its name is known.
 */
function lastDeleted(
  { periods, deleted }: Presentation,
  folder: string,
): Omit<Segment, 'stream'> | undefined {
  if (periods.some(hasSegments)) return undefined;
  const kind = deleted?.seg.video.isEmpty === false ? 'video' : 'audio';
  const numbers = deleted?.seg[kind];
  if (numbers === undefined || numbers.isEmpty) return undefined;
  const startUs = dayStartOf(folder)!;
  return {
    ...{ kind, startUs, endUs: startUs, isKeyframe: false, keyframes: [], codec: 'none', size: 0 },
    path: objectPath(folder, segmentName(kind, numbers.last, 'mp4')),
    initPath: objectPath(folder, initializationName(kind, 1, 'mp4')),
  };
}

/** What the manifest says; undefined if it cannot be read. */
async function readPresentation(
  reader: RecordingsReader,
  file: RecordedFile | undefined,
): Promise<Presentation | undefined> {
  const text = file && (await reader.read(file.key));
  if (text === undefined) return undefined;
  try {
    return readMpd(text.toString());
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}

/** The manifest's information about its segments, by file name. */
function listedIn(presentation: Presentation | undefined): Map<string, TrackOfSegment> {
  const listed = new Map<string, TrackOfSegment>();
  for (const period of presentation?.periods ?? []) {
    for (const track of [period.video, period.audio]) {
      if (track === undefined) continue;
      const { initialization, codecs } = track;
      const of: TrackOfSegment = { initialization, codecs };
      for (let i = 0; i < track.timeline.count; i++) {
        listed.set(segmentName(track.kind, track.startNumber + i, track.container), of);
      }
    }
  }
  return listed;
}

/** All readable initialization segments of a folder, in the order of their numbers. */
async function readInitializations(
  reader: RecordingsReader,
  files: ReadonlyMap<string, RecordedFile>,
): Promise<Initialization[]> {
  const found: (Initialization & { number: number })[] = [];
  for (const [name, file] of files) {
    const parsed = parseFileName(name);
    if (parsed?.type !== 'init' || parsed.isPart) continue;
    const data = await reader.read(file.key);
    const facts = data && containerNamed(parsed.container).readInitialization(data);
    if (facts === undefined || facts.kind !== parsed.kind) continue;
    const { kind, container, number } = parsed;
    const { codecs } = facts;
    const initialization = initializationName(kind, number, container);
    const modifiedMs = file.modifiedMs ?? 0;
    found.push({ kind, container, number, initialization, codecs, modifiedMs });
  }
  return found.sort((a, b) => a.number - b.number);
}

/** The initialization segment that a segment names, or else the one written before it. */
function initializationOf(
  initializations: Initialization[],
  { kind, container }: FileFormat,
  { modifiedMs = Number.POSITIVE_INFINITY }: RecordedFile,
  origin: SegmentOrigin | undefined,
): TrackOfSegment | undefined {
  const ofKind = initializations.filter(
    (other) => other.kind === kind && other.container === container,
  );
  if (origin !== undefined) {
    return ofKind.find(({ initialization }) => initialization === origin.initialization);
  }
  return ofKind.findLast((initialization) => initialization.modifiedMs <= modifiedMs) ?? ofKind[0];
}
