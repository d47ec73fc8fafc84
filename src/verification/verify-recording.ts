import path from 'node:path';
import { dayEndUs } from '../layout/day.ts';
import { dayOf } from '../layout/day-path.ts';
import {
  type FolderFile,
  isSetAside,
  MANIFEST_NAME,
  PART_SUFFIX,
  parseFileName,
  segmentName,
} from '../layout/file-names.ts';
import { periodsMissing, withPeriods } from '../manifest/merge.ts';
import { ManifestError, readMpd } from '../manifest/mpd-reader.ts';
import type { Presentation } from '../manifest/presentation.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { decodeTrack } from './decode.ts';
import { trackOfFile } from './file-track.ts';
import { type Finding, finding, type PeriodExtent, type Verification } from './finding.ts';
import { RecordingFiles, type StoredRecording } from './recording-files.ts';
import { inspectSegment } from './segment-inspection.ts';
import { iso, segmentFindings, verifyTrack } from './track-verification.ts';

/** Tolerance for tracks of a Period to count as beginning and ending together, µs. */
const EVEN_US = 100_000;
/**
 * Gaps between Periods up to this are not reported, µs: the length of a picture from a slow camera.
 */
const NO_GAP_US = 50_000;
/** Sound that belongs to the first picture of a day may begin this long before midnight, µs. */
const DAY_SLACK_US = 5_000_000;

/** Options of a check. */
export interface VerifyOptions {
  /** A recorder is running on the folder: what it has not finished is no damage. */
  live?: boolean;
  /** Also decode everything with ffmpeg. */
  decode?: boolean;
  /** The files of the recording that have been moved to a store. */
  stored?: StoredRecording | undefined;
}

/**
 * Checks a day folder: its manifest against its files, and each file by itself down to the
 * structure of each sample. Changes nothing.
 * @param folder path in the file system, `…/<stream>/YYYY/MM/DD`
 * @throws the file system's error; StoreError; Error if ffmpeg is required and cannot be started
 */
export async function verifyRecording(
  folder: string,
  { live = false, decode = false, stored }: VerifyOptions = {},
): Promise<Verification> {
  const periods: PeriodExtent[] = [];
  const findings: Finding[] = [];
  // Read before the list of files, so that a segment added meanwhile is unlisted rather than
  // missing.
  const files = new RecordingFiles(folder, stored);
  const { presentation, problem } = await readManifest(files);
  const names = await files.names();
  const known = names.map(parseFileName).filter((file) => file !== undefined);
  const isLive = live && presentation?.live !== false;
  // A recording has no manifest before its first segment, and none at all if it ends before that.
  const hasSegments = known.some(({ type }) => type === 'seg');
  if (problem !== undefined && (hasSegments || names.includes(MANIFEST_NAME))) {
    findings.push(finding(isLive ? 'live' : 'manifest', problem, MANIFEST_NAME));
  } else if (presentation?.live) {
    const message = isLive
      ? 'the recording is running'
      : 'says that the recording is running, but no recorder is';
    findings.push(finding(isLive ? 'live' : 'unfinished', message, MANIFEST_NAME));
  }

  const listed = new Map<string, string>();
  for (const period of presentation?.periods ?? []) {
    const extent: PeriodExtent = { id: period.id };
    for (const kind of ['video', 'audio'] as const) {
      const track = period[kind];
      if (track === undefined) continue;
      for (let i = 0; i < track.timeline.count; i++) {
        const name = segmentName(kind, track.startNumber + i, track.container);
        const other = listed.get(name);
        if (other !== undefined) {
          findings.push(finding('duplicate', `is in Periods ${other} and ${period.id}`, name));
        }
        listed.set(name, period.id);
      }
      const result = await verifyTrack(track, {
        files,
        names: new Set(names),
        fromUs: presentation!.dayStartUs - DAY_SLACK_US,
        toUs: dayEndUs(presentation!.dayStartUs),
        decode,
      });
      findings.push(...result.findings);
      if (decode && result.decodable.length > 0) {
        findings.push(...(await decodeTrack(files, track, result.decodable)));
      }
      extent[kind] = result.extent;
    }
    periods.push(extent);
  }
  findings.push(...betweenPeriods(periods), ...insidePeriods(periods));
  findings.push(...sameNumbers(known));
  for (const name of names.sort()) {
    if (listed.has(name)) continue;
    if (isDeleted(presentation, name)) {
      const message = 'was deleted from the recording; the recorder is about to remove the file';
      findings.push(finding('deleted', message, name));
    } else findings.push(...(await besideManifest(files, name, listed, isLive)));
  }
  return { folder, periods, findings };
}

async function readManifest(
  files: RecordingFiles,
): Promise<{ presentation?: Presentation; problem?: string }> {
  try {
    const [first, ...others] = (await files.manifests()).map(readMpd);
    if (first === undefined) return { problem: 'is missing' };
    // A manifest that was begun while the store was unavailable is completed by the other one when
    // it is uploaded.
    const presentation = others.reduce(
      (joined, other) => withPeriods(joined, periodsMissing(other, joined)),
      first,
    );
    const day = iso(presentation.dayStartUs).slice(0, 10);
    const folderDay = dayOf(path.resolve(files.folder));
    if (folderDay !== undefined && day !== folderDay) {
      return { presentation, problem: `is for ${day}, but its folder is for ${folderDay}` };
    }
    return { presentation };
  } catch (error) {
    if (error instanceof ManifestError) return { problem: error.message };
    throw error;
  }
}

/** Whether the manifest says of a file that it was deleted. */
function isDeleted(presentation: Presentation | undefined, name: string): boolean {
  const file = parseFileName(name);
  if (file === undefined || file.isPart) return false;
  return presentation?.deleted?.[file.type][file.kind].has(file.number) ?? false;
}

/** Checks a file that the manifest does not name as a segment. */
async function besideManifest(
  files: RecordingFiles,
  name: string,
  listed: ReadonlyMap<string, string>,
  isLive: boolean,
): Promise<Finding[]> {
  if (name === MANIFEST_NAME) return [];
  if (name === MANIFEST_NAME + PART_SUFFIX) {
    return [finding('live', 'a manifest that was being written; the next one replaces it', name)];
  }
  if (isSetAside(name)) return [finding('set aside', 'kept by a repair', name)];
  const file = parseFileName(name);
  if (file === undefined) return [finding('foreign', 'not a file of the recorder', name)];
  // An initialization segment in no Period was written for a Period that never got a segment.
  if (file.type === 'init' && !file.isPart) return [];
  if (file.type === 'init') {
    return [finding(isLive ? 'live' : 'part', 'an unfinished initialization segment', name)];
  }
  const found = await inspectSegment(files, name, (await trackOfFile(files, name)).codec);
  if (found === undefined) return [];
  const holds = `${found.chunks.length} complete chunks, ${found.samples} samples`;
  if (isLive) {
    const state = file.isPart ? 'being recorded' : 'recorded, not in the manifest yet';
    return [finding('live', `${state}: ${holds}`, name)];
  }
  if (file.isPart) {
    const twin = listed.has(file.name) ? `; ${file.name} exists too` : '';
    return [finding('part', `was being written when the recorder ended: ${holds}${twin}`, name)];
  }
  return [
    finding('unlisted', `not in the manifest: ${holds}`, name),
    ...segmentFindings(name, found),
  ];
}

/** Files with the same number. */
function sameNumbers(files: FolderFile[]): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, FolderFile>();
  for (const file of files) {
    const { type, kind, number, isPart } = file;
    const claimed = `${kind} ${type} ${number}`;
    const other = seen.get(claimed);
    seen.set(claimed, file);
    if (other === undefined) continue;
    const message = `number ${number} was used for ${other.name}${other.isPart ? PART_SUFFIX : ''} too`;
    findings.push(finding('duplicate', message, file.name + (isPart ? PART_SUFFIX : '')));
  }
  return findings;
}

/** Whether each track advances in time from Period to Period, and where it has gaps. */
function betweenPeriods(periods: PeriodExtent[]): Finding[] {
  const findings: Finding[] = [];
  const ends: Partial<Record<TrackKind, number>> = {};
  let endUs = Number.NEGATIVE_INFINITY;
  for (const { id, ...tracks } of periods) {
    for (const kind of ['video', 'audio'] as const) {
      const track = tracks[kind];
      const before = ends[kind];
      if (track === undefined) continue;
      if (before !== undefined && track.startUs < before) {
        const seconds = ((before - track.startUs) / 1e6).toFixed(3);
        findings.push(finding('overlap', `${kind} of Period ${id} begins ${seconds} s too early`));
      }
      ends[kind] = track.endUs;
    }
    const extents = [tracks.video, tracks.audio].filter((track) => track !== undefined);
    const startUs = Math.min(...extents.map((extent) => extent.startUs));
    if (startUs - endUs > NO_GAP_US && endUs > 0) {
      const seconds = ((startUs - endUs) / 1e6).toFixed(3);
      findings.push(finding('gap', `nothing for ${seconds} s from ${iso(endUs)} on`));
    }
    endUs = Math.max(endUs, ...extents.map((extent) => extent.endUs));
  }
  return findings;
}

/** Whether both tracks of each Period begin and end together. */
function insidePeriods(periods: PeriodExtent[]): Finding[] {
  const findings: Finding[] = [];
  for (const { id, video, audio } of periods) {
    if (video === undefined || audio === undefined) continue;
    for (const [verb, us] of [
      ['begins', audio.startUs - video.startUs],
      ['ends', audio.endUs - video.endUs],
    ] as const) {
      if (Math.abs(us) <= EVEN_US) continue;
      const when = `${Math.abs(us / 1e6).toFixed(3)} s ${us > 0 ? 'after' : 'before'} video`;
      findings.push(finding('uneven', `Period ${id}: audio ${verb} ${when}`));
    }
  }
  return findings;
}
