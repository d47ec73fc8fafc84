/**
 * What a check of a recording finds. Damage:
 * - `manifest`: it is missing, cannot be read, or does not belong to the folder;
 * - `initialization`: an initialization segment is missing, cannot be read, or is of other media;
 * - `missing`: a segment that the manifest names has no file;
 * - `unlisted`: a segment file that no manifest names;
 * - `part`: a file that was being written when the recorder ended;
 * - `torn`: the boxes of a segment are damaged, or its end is missing;
 * - `undecodable`: the boxes are whole, the samples in them are not;
 * - `times`: a segment does not lie where the manifest puts it, or its chunks do not join;
 * - `hole`: time without media inside a Period, where players stop for good;
 * - `overlap`: two segments of a track cover the same time;
 * - `duplicate`: a segment number was used twice;
 * - `unfinished`: the manifest says that it is being recorded, but no recorder is running.
 *
 * Worth knowing, and no damage:
 * - `gap`: time without media between two Periods;
 * - `uneven`: one track of a Period begins or ends before the other;
 * - `size`: the bandwidth in the manifest is not that of the files;
 * - `live`: what will be in order once the running recorder is done with it;
 * - `set aside`: what a repair found unreadable and kept;
 * - `foreign`: a file that is none of ours.
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
  'set aside': false,
  foreign: false,
} as const;

/** One thing that a check has to tell. */
export interface Finding {
  kind: FindingKind;
  /** True where something is wrong; false for what is only worth knowing. */
  damage: boolean;
  /** Name of the file in the recording's folder, where it is about one. */
  file?: string;
  message: string;
}

/** Where a track of a Period lies, by its files. Times are µs since the Unix epoch, end exclusive. */
export interface TrackExtent {
  /** Segments that the manifest names and whose file could be read. */
  segments: number;
  /** Access units, or Opus packets. */
  samples: number;
  bytes: number;
  startUs: number;
  endUs: number;
}

/** Where a Period lies; a track that it does not have is absent. */
export interface PeriodExtent {
  id: string;
  video?: TrackExtent;
  audio?: TrackExtent;
}

/** All that a check of one recording (a day folder) has to tell. */
export interface Verification {
  /** Path of the folder. */
  folder: string;
  /** In the order of the manifest. */
  periods: PeriodExtent[];
  findings: Finding[];
}

/** A finding of a kind. */
export function finding(kind: FindingKind, message: string, file?: string): Finding {
  return { kind, damage: IS_DAMAGE[kind], ...(file !== undefined && { file }), message };
}

/** True when anything is wrong with the recording. */
export function isDamaged({ findings }: Verification): boolean {
  return findings.some(({ damage }) => damage);
}
