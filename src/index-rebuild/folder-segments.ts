import type { SegmentOrigin } from '../containers/container.ts';
import { containerNamed, type FileFormat } from '../containers/registry.ts';
import { factsOf } from '../day-folder/segment-facts.ts';
import type { Segment } from '../facts/segment.ts';
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

/** Files that are read at the same time: what a disk, or a connection to a store, does at once. */
const AT_ONCE = 4;

/** What a segment needs to be told besides what its own file says. */
interface TrackOfSegment {
  initialization: string;
  codecs: string;
}

type Initialization = TrackOfSegment & FileFormat & { modifiedMs: number };

/** What a day folder tells of its segments. */
export interface FolderSegments {
  /** As the index knows them, in the order in which they ended. */
  segments: Segment[];
  /** Object paths of segments of which not one sample can be read. */
  unreadable: string[];
}

/**
 * Reads the segments of a day folder as they were told to the index when they were recorded: times
 * and keyframes from the files themselves, codec and initialization segment from the manifest. A
 * segment that no manifest names says itself what it needs; one of an earlier version goes with the last
 * initialization segment that was written before it. Of segments only box headers are read.
 *
 * @param folder object path
 * @param isWanted tells by its object path which segments to read
 * @param signal ends it early, with what was read until then
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
  const result: FolderSegments = { segments: [], unreadable: [] };
  if (wanted.length === 0) return result;
  const listed = await readListed(reader, files.get(MANIFEST_NAME));
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
        else result.segments.push({ stream, ...segment });
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

/** What the manifest says of the segments it names, by file name; nothing where it cannot be read. */
async function readListed(
  reader: RecordingsReader,
  file: RecordedFile | undefined,
): Promise<Map<string, TrackOfSegment>> {
  const listed = new Map<string, TrackOfSegment>();
  const text = file && (await reader.read(file.key));
  if (text === undefined) return listed;
  let presentation: Presentation;
  try {
    presentation = readMpd(text.toString());
  } catch (error) {
    if (error instanceof ManifestError) return listed;
    throw error;
  }
  for (const period of presentation.periods) {
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

/** All initialization segments of a folder that can be read, in the order of their numbers. */
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

/** The initialization segment that a segment names, or else was written after. */
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
