/** What a failed upload means, and to whom. */
export interface UploadFailure {
  /**
   * - `store`: it is away for now; the file is tried again.
   * - `refused`: it would not have this file. Whether that is true of all, only others can tell.
   * - `file`: this file cannot be stored.
   */
  scope: 'store' | 'refused' | 'file';
  code: string;
  message: string;
  /** What the store asked for, ms. */
  retryAfterMs: number;
}

/** An upload that did not end in time. */
export class UploadTimeout extends Error {
  readonly kind = 'transient';
  readonly code = 'UploadTimeout';
}

/** A file whose bytes arrive damaged this often is damaged here, or in a way that stays. */
const MOST_DAMAGED = 3;

/**
 * Judges what an upload failed with.
 * @param error a `StoreError`; anything else counts as a failure that passes
 * @param refusals how often this file was refused before
 */
export function uploadFailure(error: unknown, refusals: number): UploadFailure {
  const { kind, code, message, retryAfterMs } = error as {
    kind?: string;
    code?: unknown;
    message?: unknown;
    retryAfterMs?: number;
  };
  return {
    scope: scopeOf(kind, refusals),
    code: typeof code === 'string' ? code : error instanceof Error ? error.name : 'Error',
    message: typeof message === 'string' ? message : String(error),
    retryAfterMs: retryAfterMs ?? 0,
  };
}

function scopeOf(kind: string | undefined, refusals: number): UploadFailure['scope'] {
  switch (kind) {
    case 'misconfigured':
    case 'denied':
    case 'not-found':
      return 'refused';
    case 'too-large':
    case 'exists':
      return 'file';
    case 'integrity':
      return refusals + 1 >= MOST_DAMAGED ? 'file' : 'store';
    default:
      return 'store';
  }
}
