import type { Readable } from 'node:stream';

/** What a store knows of an object without reading it. */
export interface StoredObject {
  /** Key below the store's root, as it was put. */
  key: string;
  /** Bytes. */
  size: number;
  /** Entity tag with its quotes, as HTTP writes it (RFC 9110 §8.8.3). */
  etag?: string;
  /** When it was last written, ms since the Unix epoch by the store's clock. */
  modifiedMs?: number;
}

/** Bytes of an object, both ends inclusive, as HTTP counts them (RFC 9110 §14.1.2). */
export interface ByteRange {
  start: number;
  /** Last byte wanted; a value past the end means the end. */
  end?: number;
}

/** An object, or the asked range of it, on its way. */
export interface ObjectReading {
  /** Ends in a {@link StoreError} when fewer bytes than promised arrive. Destroy it if unread. */
  body: Readable;
  /** Bytes of the whole object. */
  size: number;
  /** Bytes that {@link body} gives. */
  contentLength: number;
  /** See {@link StoredObject.etag}. */
  etag?: string;
}

/** How an object is put. */
export interface PutOptions {
  contentType: string;
  /**
   * Refuse, with the kind `exists`, where there is an object of this key already. Servers that do
   * not know the condition replace it all the same; `put-once.ts` knows what to do then.
   */
  ifAbsent?: boolean;
}

/**
 * Where recorded objects are kept. Keys are paths with `/` between their parts, relative to the
 * store's root. Every method rejects with a {@link StoreError} and with nothing else.
 */
export interface Store {
  /** For logs and states, without credentials, e.g. `s3://bucket/prefix`. */
  readonly name: string;
  /**
   * Writes a whole object, or replaces one. Resolves once the store has said that it holds these
   * bytes: a checksum is sent along, and the answer or the stored size is compared.
   */
  put(key: string, data: Buffer, options: PutOptions): Promise<void>;
  /**
   * Opens an object for reading.
   * @returns undefined where there is no such object
   * @throws StoreError with status 416 for a range that begins past the end
   */
  get(key: string, range?: ByteRange): Promise<ObjectReading | undefined>;
  /** @returns undefined where there is no such object; S3 and OSS say the same of a missing bucket */
  head(key: string): Promise<StoredObject | undefined>;
  /**
   * All objects whose key begins with `prefix` (not only whole path parts), page by page, in no
   * order that all stores share.
   */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Removes an object; one that is not there is no error. */
  delete(key: string): Promise<void>;
  /**
   * An address from which anybody may read the object until it expires. Absent where a store cannot
   * make one.
   * @param expiresSeconds at most 604,800 (seven days), the providers' limit
   */
  signedUrl?(key: string, expiresSeconds: number): Promise<string>;
  /** Closes all connections; operations under way fail. */
  close(): Promise<void>;
}

/**
 * What a failure means for the caller:
 * - `transient`: the same call may succeed later (time-outs, refused connections, 429, 5xx, no space)
 * - `denied`: keys are wrong, stale, or lack a permission
 * - `not-found`: the object, or the asked range of it, does not exist
 * - `misconfigured`: bucket, region, endpoint or key are wrong; see {@link StoreError.mend}
 * - `too-large`: the store does not take objects of this size
 * - `integrity`: the bytes changed on their way; sending them again may help
 * - `exists`: another object has the key, and must not be replaced
 */
export type StoreErrorKind =
  | 'transient'
  | 'denied'
  | 'not-found'
  | 'misconfigured'
  | 'too-large'
  | 'integrity'
  | 'exists';

/** Everything about a {@link StoreError} but its message. */
export interface StoreErrorDetails {
  kind: StoreErrorKind;
  code: string;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  mend?: string | undefined;
}

/**
 * A failed operation of a {@link Store}. It never holds the client's own error, whose fields carry
 * signed headers and tokens.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  /** The provider's code, e.g. `NoSuchBucket`, or the system's, e.g. `ECONNREFUSED`. */
  readonly code: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** How long the server asks to wait before the next attempt. */
  readonly retryAfterMs?: number;
  /** What the operator may change, naming keys of `[recorder.storage]`. */
  readonly mend?: string;

  constructor(message: string, details: StoreErrorDetails) {
    super(message);
    this.kind = details.kind;
    this.code = details.code;
    if (details.status !== undefined) this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.mend !== undefined) this.mend = details.mend;
  }
}
