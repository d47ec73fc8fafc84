import { Backoff, DISK_BACKOFF } from '../clock/backoff.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';

/** A failure of the same kind is logged again after this at the earliest, µs. */
const REPEAT_US = 60_000_000;

/**
 * What keeps a stream from being written: the reason, until something is written again, and when that
 * may be tried. A disk that is full or gone fails many times a minute, so that each kind of failure is
 * logged once, then once a minute with their count.
 */
export class WriteFailures {
  /** Why no media is written at present. */
  #media: string | undefined;
  /** Why the folder or its manifest could not be written when that was tried last. */
  #folder: string | undefined;
  readonly #stream: string;
  readonly #log: RecordingLog;
  readonly #retry = new Backoff(DISK_BACKOFF, () => 1);
  /** Of each kind: when it was logged last, µs since the Unix epoch, and how often it came since. */
  readonly #logged = new Map<string, { us: number; unlogged: number }>();
  #sinceUs = 0;
  #failures = 0;

  constructor(stream: string, log: RecordingLog) {
    this.#stream = stream;
    this.#log = log;
  }

  /** Why not all is written at present; undefined when all is well. */
  get error(): string | undefined {
    return this.#media ?? this.#folder;
  }

  /** @param nowUs µs since the Unix epoch */
  mayTry(nowUs: number): boolean {
    return this.#retry.mayTry(nowUs);
  }

  /** Media could not be written: nothing is tried until some seconds later. @param nowUs as above */
  mediaFailed(error: Error, nowUs: number): void {
    this.#count(nowUs);
    this.#media = error.message;
    const retryMs = this.#retry.failed(nowUs);
    this.log(error, nowUs, 'a write failed, recording tries again', { retry_ms: retryMs });
  }

  /** A folder or its manifest could not be written; the next is tried in any case. @param nowUs as above */
  folderFailed(error: Error, nowUs: number): void {
    this.#count(nowUs);
    this.#folder = error.message;
    this.log(error, nowUs, 'a folder or manifest could not be written');
  }

  /** Logs a failure, unless one of its kind was logged a moment ago. @param nowUs as above */
  log(err: Error, nowUs: number, message: string, fields: object = {}): void {
    const kind = `${(err as NodeJS.ErrnoException).code ?? err.message} ${message}`;
    const last = this.#logged.get(kind);
    if (last !== undefined && nowUs - last.us < REPEAT_US) {
      last.unlogged++;
      return;
    }
    const repeated = last !== undefined && last.unlogged > 0 && { repeated: last.unlogged };
    this.#logged.set(kind, { us: nowUs, unlogged: 0 });
    this.#log.error({ stream: this.#stream, err, ...fields, ...repeated }, message);
  }

  /** A segment is complete on the disk. @param nowUs as above */
  mediaWritten(nowUs: number): void {
    this.#retry.reset();
    if (this.#media === undefined) return;
    this.#media = undefined;
    this.#tellWhenOver(nowUs);
  }

  /** Folder and manifest are as they should be. @param nowUs as above */
  folderWritten(nowUs: number): void {
    if (this.#folder === undefined) return;
    this.#folder = undefined;
    this.#tellWhenOver(nowUs);
  }

  #count(nowUs: number): void {
    if (this.error === undefined) {
      this.#sinceUs = nowUs;
      this.#failures = 0;
    }
    this.#failures++;
  }

  #tellWhenOver(nowUs: number): void {
    if (this.error !== undefined) return;
    this.#logged.clear();
    const seconds = Math.round((nowUs - this.#sinceUs) / 1e6);
    const failures = this.#failures;
    this.#log.info({ stream: this.#stream, seconds, failures }, 'writing again');
  }
}
