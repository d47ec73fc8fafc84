import type { Readable } from 'node:stream';

/** Metadata of an object in a store. */
export interface StoredObject {
  /** Key below the store's root. */
  key: string;
  /** Bytes. */
  size: number;
  /** Entity tag in quotes, as in HTTP (RFC 9110 §8.8.3). */
  etag?: string;
  /** Modification time, ms since the Unix epoch by the store's clock. */
  modifiedMs?: number;
}

/** A range of bytes, both ends inclusive, as in HTTP (RFC 9110 §14.1.2). */
export interface ByteRange {
  start: number;
  /** Last byte; a value beyond the end means the end. */
  end?: number;
}

/** An object, or a range of it, being read. */
export interface ObjectReading {
  /**
   * Fails with {@link StoreError} if fewer bytes than announced arrive. Destroy it if it is not
   * read.
   */
  body: Readable;
  /** Size of the whole object, bytes. */
  size: number;
  /** Number of bytes in {@link body}. */
  contentLength: number;
  /** See {@link StoredObject.etag}. */
  etag?: string;
}

/** Options of a put. */
export interface PutOptions {
  contentType: string;
  /**
   * Refuse, with the kind `exists`, if an object with this key exists. Servers that do not support
   * the condition replace the object; see `put-once.ts`.
   */
  ifAbsent?: boolean;
}

/**
 * A store for recorded objects. Keys are paths with `/` between their parts, relative to the
 * store's root. Every method rejects only with {@link StoreError}.
 */
export interface Store {
  /** For logs and states, without credentials, e.g. `s3://bucket/prefix`. */
  readonly name: string;
  /**
   * Writes or replaces a whole object. Resolves once the store has confirmed these bytes: a
   * checksum is sent, and the response or the stored size is compared.
   */
  put(key: string, data: Buffer, options: PutOptions): Promise<void>;
  /**
   * Opens an object for reading.
   * @returns undefined if there is no such object
   * @throws StoreError with status 416 for a range that begins beyond the end
   */
  get(key: string, range?: ByteRange): Promise<ObjectReading | undefined>;
  /**
   * @returns undefined if there is no such object; S3 and OSS give the same result for a missing
   * bucket
   */
  head(key: string): Promise<StoredObject | undefined>;
  /**
   * All objects whose key begins with `prefix`, which need not end at a slash, page by page; the
   * order depends on the store.
   */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Deletes an object; no error if it does not exist. */
  delete(key: string): Promise<void>;
  /**
   * Deletes many objects, in as few requests as the store allows; those that do not exist are no
   * error.
   * @returns why some of them are left, to be tried again; undefined if all are gone
   */
  deleteAll(keys: readonly string[]): Promise<Error | undefined>;
  /**
   * A URL with which anybody can read the object until it expires. Absent if the store does not
   * support this.
   * @param expiresSeconds at most 604,800 (seven days), the limit of the providers
   */
  signedUrl?(key: string, expiresSeconds: number): Promise<string>;
  /** Closes all connections; operations in progress fail. */
  close(): Promise<void>;
}

/**
 * What a failure means for the caller:
 * - `transient`: the same request may succeed later (timeouts, refused connections, 429, 5xx, no
 * space)
 * - `denied`: keys are invalid, expired, or lack a permission
 * - `not-found`: the object, or the requested range of it, does not exist
 * - `misconfigured`: bucket, region, endpoint or key are invalid; see {@link StoreError.mend}
 * - `too-large`: the store does not accept objects of this size
 * - `integrity`: the bytes changed during the transfer; sending them again may help
 * - `exists`: a different object has the key and must not be replaced
 */
export type StoreErrorKind =
  | 'transient'
  | 'denied'
  | 'not-found'
  | 'misconfigured'
  | 'too-large'
  | 'integrity'
  | 'exists';

/** The properties of a {@link StoreError} except its message. */
export interface StoreErrorDetails {
  kind: StoreErrorKind;
  code: string;
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  mend?: string | undefined;
}

/**
 * A failed operation of a {@link Store}. It never holds the client's own error, whose properties
 * contain signed headers and tokens.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  /** The provider's code, e.g. `NoSuchBucket`, or the system's, e.g. `ECONNREFUSED`. */
  readonly code: string;
  /** HTTP status, if there was a response. */
  readonly status?: number;
  /** Delay that the server requested before the next attempt, ms. */
  readonly retryAfterMs?: number;
  /** What the operator can change, with the names of keys in `[recorder.storage]`. */
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
