import { Refusal } from '../refusal.ts';
import { StoreError } from '../storage/stores/store.ts';

/** What the codes of the file system mean to whoever asked for an export. */
const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space and ask for it again',
  EDQUOT: 'the quota of the recorder is used up; free some space and ask for it again',
  EROFS: 'the disk is read-only; the log has the reason',
  EACCES: 'the recorder has no permission to read or write a file; the log has the reason',
};

/** Why an export failed, in words for whoever asked for it. */
export function failureInWords(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof StoreError) {
    return `the bucket cannot be read (${error.code}); ask for it again when it can`;
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? `it could not be written${code && ` (${code})`}; the log has the reason`;
}
