import { Backoff, DISK_BACKOFF } from '../clock/backoff.ts';
import type { RecordingLog } from '../day-folder/recording-log.ts';

/** Minimum interval between log lines for the same kind of failure, µs. */
const REPEAT_US = 60_000_000;

/**
 * What prevents a stream from being written: the reason, until something is written again, and when
 * to retry. A disk that is full or gone fails many times a minute, so each kind of failure is
 * logged once, then once a minute with its count.
 */
export class WriteFailures {
  /** Why media cannot be written. */
  #media: string | undefined;
  /** Why the last write of the folder or its manifest failed. */
  #folder: string | undefined;
  readonly #stream: string;
  readonly #log: RecordingLog;
  readonly #retry = new Backoff(DISK_BACKOFF, () => 1);
  /**
   * For each kind: when it was logged last, µs since the Unix epoch, and how often it occurred
   * since.
   */
  readonly #logged = new Map<string, { us: number; unlogged: number }>();
  #sinceUs = 0;
  #failures = 0;

  constructor(stream: string, log: RecordingLog) {
    this.#stream = stream;
    this.#log = log;
  }

  /** Why not everything can be written; undefined if there is no failure. */
  get error(): string | undefined {
    return this.#media ?? this.#folder;
  }

  /** @param nowUs µs since the Unix epoch */
  mayTry(nowUs: number): boolean {
    return this.#retry.mayTry(nowUs);
  }

  /**
   * Media could not be written: nothing is tried for some seconds. @param nowUs µs since the Unix
   * epoch
   */
  mediaFailed(error: Error, nowUs: number): void {
    this.#count(nowUs);
    this.#media = error.message;
    const retryMs = this.#retry.failed(nowUs);
    this.log(error, nowUs, 'a write failed, recording will be retried', { retry_ms: retryMs });
  }

  /**
   * A folder or its manifest could not be written; the next write is tried in any case. @param
   * nowUs µs since the Unix epoch
   */
  folderFailed(error: Error, nowUs: number): void {
    this.#count(nowUs);
    this.#folder = error.message;
    this.log(error, nowUs, 'a folder or manifest could not be written');
  }

  /**
   * Logs a failure, unless one of the same kind was logged a moment ago. @param nowUs µs since the
   * Unix epoch
   */
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

  /** A segment is complete on disk. @param nowUs µs since the Unix epoch */
  mediaWritten(nowUs: number): void {
    this.#retry.reset();
    if (this.#media === undefined) return;
    this.#media = undefined;
    this.#tellWhenOver(nowUs);
  }

  /** Folder and manifest were written successfully. */
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
