import type { ContainerName } from '../media/container-name.ts';
import { toUs } from '../media/media-time.ts';
import type { RecordedObjects } from '../playback/recorded-objects.ts';
import type { RangePeriod, RecordedRange } from '../playback/recorded-range.ts';
import { type RangeSources, selectRange } from '../playback/select-range.ts';
import { Refusal } from '../refusal.ts';
import { checkContainer } from './container-check.ts';
import { ExportFile } from './export-file.ts';
import { movieExport } from './movie-export.ts';
import { readSamples } from './read-samples.ts';
import { type Gaps, layOut } from './stretches.ts';
import { type TrackPieces, trackPieces } from './track-pieces.ts';
import { webmExport } from './webm-export.ts';

/** What is to be exported. */
export interface ExportRequest {
  stream: string;
  /** µs since the Unix epoch; end exclusive. */
  startUs: number;
  endUs: number;
  gaps: Gaps;
  /** Format of the file. */
  container: ContainerName;
}

/** Where an export comes from. */
export interface ExportSources extends RangeSources {
  objects: RecordedObjects;
}

/** An export that can be read. */
export interface PlannedExport {
  file: ExportFile;
  /** Wall clock of what it begins with, and what it ends before, µs since the Unix epoch. */
  startUs: number;
  endUs: number;
  /** Seconds that it lasts. */
  seconds: number;
}

/** A day and an hour: what lies on a day, whatever the zone, and a little. */
const MOST_US = 25 * 3_600_000_000;

/**
 * Finds what an export is made of in the index and the manifests; no file of it is read yet.
 * @throws Refusal `bad-time` for a range that is too long, `no-media`, `unreadable-media` for a manifest, and
 * `other-container` where it cannot be exported as such a file; the file system's error; StoreError
 */
export async function exportedRange(
  sources: RangeSources,
  { stream, startUs, endUs, container }: ExportRequest,
): Promise<RecordedRange> {
  if (endUs - startUs > MOST_US) {
    throw new Refusal(
      'bad-time',
      'end: must be at most 25 hours after start; export several files',
    );
  }
  const range = await selectRange(sources, stream, { startUs, endUs });
  const [folder] = range.unreadable;
  if (folder !== undefined) {
    throw new Refusal(
      'unreadable-media',
      `the manifest of ${folder} is missing or damaged; choose start and end so that that day (UTC) is left out, or see what "verify" and "repair" say of its folder`,
    );
  }
  if (range.periods.length === 0) throw nothingRecorded(stream, startUs, endUs);
  checkContainer(range, container);
  return range;
}

/** Bytes of the segments that a range is made of. */
export function bytesOf({ periods }: RecordedRange): number {
  const segments = periods.flatMap(({ video, audio }) => [
    ...(video?.segments ?? []),
    ...(audio?.segments ?? []),
  ]);
  return segments.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Finds what a range is made of, reads where its samples are, and lays out the file that it is exported as.
 * No payload is read, but all that is needed to know that it is there: what is missing or damaged is told now.
 * @param signal ends it early
 * @throws as {@link exportedRange}; Refusal `unreadable-media`; the signal's reason
 */
export async function planExport(
  { objects, ...sources }: ExportSources,
  request: ExportRequest,
  signal?: AbortSignal,
): Promise<PlannedExport> {
  const { stream, startUs, endUs, gaps, container } = request;
  const range = await exportedRange(sources, request);
  const recordedUs = Math.max(startUs, ...range.periods.map((period) => period.endUs));
  // What is still to come does not count as a gap.
  const lastUs = endUs > Date.now() * 1000 ? Math.min(endUs, recordedUs) : endUs;
  // WebM has no way to hide what is decoded before the first picture that is to be shown.
  const firstUs = container === 'webm' ? keyframeBefore(range.periods, startUs) : startUs;
  const layout = layOut(range.periods, { startUs: firstUs, endUs: lastUs }, gaps);
  if (layout.stretches.length === 0) throw nothingRecorded(stream, startUs, endUs);
  const stretches = await readSamples(objects, layout.stretches, signal);
  const video = trackPieces(stretches, 'video');
  const audio = trackPieces(stretches, 'audio');
  const write = container === 'mp4' ? movieExport : webmExport;
  const parts = write(video, container === 'mp4' ? audio : holdable(audio), layout);
  return {
    file: new ExportFile(objects, parts),
    startUs: layout.startUs,
    endUs: layout.endUs,
    seconds: toUs(layout.duration) / 1e6,
  };
}

/** Wall clock of the keyframe at or before a time; the time itself where there is none. */
function keyframeBefore(periods: readonly RangePeriod[], us: number): number {
  const period = periods.find(({ endUs }) => endUs > us);
  const keyframes = period?.video?.segments.flatMap((segment) => segment.keyframes) ?? [];
  return keyframes.findLast((keyframe) => keyframe <= us) ?? us;
}

/** Sound that WebM can hold; of any other there is none in the file. */
function holdable({ pieces }: TrackPieces): TrackPieces {
  return {
    pieces: pieces.filter(({ recorded }) =>
      recorded.initialization.configuration.containers.includes('webm'),
    ),
  };
}

function nothingRecorded(stream: string, startUs: number, endUs: number): Refusal {
  return new Refusal(
    'no-media',
    `nothing is recorded of ${stream} between ${instant(startUs)} and ${instant(endUs)}; GET /api/timeline tells when there is`,
  );
}

/** A time in words: ISO 8601 in UTC. @param us µs since the Unix epoch */
export function instant(us: number): string {
  return new Date(us / 1000).toISOString();
}
