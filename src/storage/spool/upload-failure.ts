/** The cause of a failed upload. */
export interface UploadFailure {
  /**
   * - `store`: the store is unavailable; the upload is retried.
   * - `refused`: the store refused this file. Only other uploads show whether it refuses all.
   * - `file`: this file cannot be stored.
   */
  scope: 'store' | 'refused' | 'file';
  code: string;
  message: string;
  /** Delay that the store requested, ms. */
  retryAfterMs: number;
}

/** An upload exceeded its timeout. */
export class UploadTimeout extends Error {
  readonly kind = 'transient';
  readonly code = 'UploadTimeout';
}

/** A file that arrives damaged this often is damaged on this disk, or will be damaged again. */
const MOST_DAMAGED = 3;

/**
 * Classifies the error of a failed upload.
 * @param error a `StoreError`; any other error counts as temporary
 * @param refusals number of earlier refusals of this file
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
