/**
 * Findings of a check. Damage:
 * - `manifest`: the manifest is missing, unreadable, or belongs to another folder;
 * - `initialization`: an initialization segment is missing, unreadable, or describes other media;
 * - `missing`: a segment in the manifest has no file;
 * - `unlisted`: a segment file is not in the manifest;
 * - `part`: a file that was being written when the recorder ended;
 * - `torn`: the boxes of a segment are damaged, or its end is missing;
 * - `undecodable`: the boxes are intact, the samples in them are not;
 * - `times`: a segment is not where the manifest places it, or its chunks are not contiguous;
 * - `hole`: time without media inside a Period, where players stop for good;
 * - `overlap`: two segments of a track cover the same time;
 * - `duplicate`: a segment number was used twice;
 * - `unfinished`: the manifest says that the recording is running, but no recorder is.
 *
 * Information:
 * - `gap`: time without media between two Periods;
 * - `uneven`: one track of a Period begins or ends before the other;
 * - `size`: the bandwidth in the manifest does not match the files;
 * - `live`: will be in order once the running recorder has finished it;
 * - `deleted`: a file that retention is about to remove, which the manifest names no more;
 * - `set aside`: an unreadable file that a repair kept;
 * - `foreign`: a file that the recorder did not write.
 */
export type FindingKind = keyof typeof IS_DAMAGE;

const IS_DAMAGE = {
  manifest: true,
  initialization: true,
  missing: true,
  unlisted: true,
  part: true,
  torn: true,
  undecodable: true,
  times: true,
  hole: true,
  overlap: true,
  duplicate: true,
  unfinished: true,
  gap: false,
  uneven: false,
  size: false,
  live: false,
  deleted: false,
  'set aside': false,
  foreign: false,
} as const;

/** A finding of a check. */
export interface Finding {
  kind: FindingKind;
  /** True for damage; false for information. */
  damage: boolean;
  /** Name of the file in the day folder, if the finding is about a file. */
  file?: string;
  message: string;
}

/**
 * Time range of a track in a Period, according to its files. Times are µs since the Unix epoch, end
 * exclusive.
 */
export interface TrackExtent {
  /** Number of segments in the manifest whose file could be read. */
  segments: number;
  /** Number of access units. */
  samples: number;
  bytes: number;
  startUs: number;
  endUs: number;
}

/** Time range of a Period; a track that it lacks is absent. */
export interface PeriodExtent {
  id: string;
  video?: TrackExtent;
  audio?: TrackExtent;
}

/** The result of checking a day folder. */
export interface Verification {
  /** Path of the folder. */
  folder: string;
  /** In the order of the manifest. */
  periods: PeriodExtent[];
  findings: Finding[];
}

/** Creates a finding. */
export function finding(kind: FindingKind, message: string, file?: string): Finding {
  return { kind, damage: IS_DAMAGE[kind], ...(file !== undefined && { file }), message };
}

/** True if the recording has any damage. */
export function isDamaged({ findings }: Verification): boolean {
  return findings.some(({ damage }) => damage);
}
