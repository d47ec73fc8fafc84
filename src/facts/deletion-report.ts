/**
 * Why something is deleted: the rule; `request`: it was asked for; `missing`: its files were gone
 * already; `interrupted`: it was being deleted when the index was lost.
 */
export type DeletionReason =
  | 'max_age'
  | 'max_size'
  | 'min_free'
  | 'request'
  | 'missing'
  | 'interrupted';

/** Something that was deleted of a stream. Times are µs since the Unix epoch, end exclusive. */
export interface DeletionReport {
  stream: string;
  reason: DeletionReason;
  startUs: number;
  endUs: number;
  segments: number;
  bytes: number;
}

/** Checks the text of a reason, such as one from a journal. */
export function isDeletionReason(text: unknown): text is DeletionReason {
  return REASONS.includes(text as DeletionReason);
}

const REASONS: DeletionReason[] = [
  'max_age',
  'max_size',
  'min_free',
  'request',
  'missing',
  'interrupted',
];
