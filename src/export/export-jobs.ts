import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { absent } from '../files/absent.ts';
import { ownPath } from '../layout/own-folder.ts';
import { Refusal } from '../refusal.ts';
import { failureInWords } from './export-failure.ts';
import { ExportFolder } from './export-folder.ts';
import { type ExportJob, isOver } from './export-job.ts';
import { mustLeaveSpace } from './export-space.ts';
import {
  bytesOf,
  type ExportRequest,
  type ExportSources,
  exportedRange,
  planExport,
} from './plan-export.ts';

/** Jobs at a time: the disk is shared with recordings. The others wait. */
const MOST_AT_ONCE = 2;
/** Jobs that are kept, whatever their state. */
const MOST_KEPT = 100;
/** How long a job is kept after its end. */
const KEPT_US = 86_400_000_000;
const TIDY_MS = 3_600_000;
/** Interval between two reports of progress, ms. */
const PROGRESS_MS = 250;

/** Options of {@link ExportJobs}. */
export interface ExportJobsOptions {
  /** Storage root. */
  root: string;
  /** What this recorder differs by from others with the same root. */
  owner: string;
  sources: ExportSources;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** Wall clock, ms since the Unix epoch. */
  now?: () => number;
  /** Refuses what does not fit on the disk, see {@link mustLeaveSpace}. */
  mustFit?: (folder: string, bytes: number) => Promise<void>;
}

/**
 * Exports that are written to the disk in the background, kept for a day below the recorder's own folder,
 * where nothing takes them for recordings. They survive a restart if they were finished.
 */
export class ExportJobs {
  readonly #options: Required<ExportJobsOptions>;
  readonly #folder: ExportFolder;
  /** The oldest first. */
  readonly #jobs = new Map<string, ExportJob>();
  /** Those that are being written. */
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>();
  readonly #waiting = new Set<() => void>();
  #tidying: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(options: Required<ExportJobsOptions>, folder: ExportFolder) {
    this.#options = options;
    this.#folder = folder;
  }

  /** Reads the jobs of before, and removes what is too old now and every hour. Never rejects. */
  static async open({
    now = Date.now,
    mustFit = mustLeaveSpace,
    ...options
  }: ExportJobsOptions): Promise<ExportJobs> {
    const id = createHash('sha256').update(resolve(options.owner)).digest('hex').slice(0, 16);
    const folder = new ExportFolder(ownPath(options.root, 'exports', id));
    const jobs = new ExportJobs({ now, mustFit, ...options }, folder);
    await jobs.#load();
    await jobs.tidy();
    jobs.#tidying = setInterval(() => void jobs.tidy(), TIDY_MS);
    jobs.#tidying.unref();
    return jobs;
  }

  /**
   * Begins an export, or lets it wait for its turn.
   * @param offsetMinutes of the local time in which it is named, east of UTC
   * @throws as `exportedRange`; Refusal `too-many-exports`, `disk-full`, `stopping`
   */
  async create(request: ExportRequest, offsetMinutes: number): Promise<ExportJob> {
    const { root, sources, mustFit } = this.#options;
    const sizeAtMost = bytesOf(await exportedRange(sources, request));
    await mustFit(root, this.#promised() + sizeAtMost);
    if (this.#isClosed) throw new Refusal('stopping', 'the recorder is being stopped');
    if (this.#jobs.size >= MOST_KEPT) {
      throw new Refusal(
        'too-many-exports',
        `no more than ${MOST_KEPT} exports are kept; remove one with DELETE /api/exports/{id}`,
      );
    }
    const { stream, startUs, endUs, gaps, container } = request;
    const job: ExportJob = {
      ...{ id: randomUUID(), stream, startUs, endUs, gaps, container, offsetMinutes },
      ...{ state: 'queued', createdUs: this.#nowUs(), sizeAtMost, writtenBytes: 0 },
    };
    this.#jobs.set(job.id, job);
    try {
      await this.#folder.save(job);
    } catch (error) {
      this.#jobs.delete(job.id);
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC') throw new Refusal('disk-full', failureInWords(error));
      throw error;
    }
    this.#next();
    return { ...job };
  }

  /** All jobs, the newest first. */
  list(): ExportJob[] {
    return [...this.#jobs.values()].map((job) => ({ ...job })).reverse();
  }

  /** @throws Refusal `no-such-export` */
  get(id: string): ExportJob {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      throw new Refusal('no-such-export', 'no such export; it is removed a day after its end');
    }
    return { ...job };
  }

  /**
   * Path of the file that a job made.
   * @throws Refusal `no-such-export`, `unfinished-export`
   */
  fileOf(id: string): string {
    const job = this.get(id);
    if (job.state === 'done') return this.#folder.pathOf(job);
    throw new Refusal(
      'unfinished-export',
      job.error === undefined
        ? 'the export is not finished; GET /api/exports/{id}/events tells when it is'
        : `the export failed: ${job.error}`,
    );
  }

  /** When a job is removed; undefined before it is over. @returns µs since the Unix epoch */
  expiryOf({ finishedUs }: ExportJob): number | undefined {
    return finishedUs === undefined ? undefined : finishedUs + KEPT_US;
  }

  /**
   * Cancels a job that goes on, and removes it with its file.
   * @throws Refusal `no-such-export`; the file system's error: what is left is removed a day later
   */
  async remove(id: string): Promise<void> {
    const job = this.#jobs.get(id) ?? this.get(id);
    // First of all, so that it does not get its turn meanwhile.
    this.#jobs.delete(id);
    this.#report();
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.ended;
    await this.#folder.remove(job);
  }

  /**
   * The state of a job now and after each change, until it is over, removed, or the recorder stops.
   * @param idleMs nothing changed for so long: gives undefined
   */
  async *follow(id: string, idleMs: number): AsyncGenerator<ExportJob | undefined> {
    let last = '';
    while (!this.#isClosed) {
      const job = this.#jobs.get(id);
      if (job === undefined) return;
      const state = JSON.stringify(job);
      yield state === last ? undefined : { ...job };
      last = state;
      if (isOver(job)) return;
      // What changed while it was taken is told at once.
      if (JSON.stringify(job) === last) await this.#change(job, last, idleMs);
    }
  }

  /** Removes what ended more than a day ago. Never rejects. */
  async tidy(): Promise<void> {
    const nowUs = this.#nowUs();
    try {
      for (const job of this.list()) {
        if ((this.expiryOf(job) ?? Number.POSITIVE_INFINITY) <= nowUs) await this.remove(job.id);
      }
      const beforeMs = (nowUs - KEPT_US) / 1000;
      await this.#folder.removeStray((id) => this.#jobs.has(id), beforeMs);
    } catch (err) {
      this.#options.log.warn({ err }, 'cannot remove exports that are too old');
    }
  }

  /** Ends what is being written; a restart tells that it was interrupted. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#tidying);
    this.#report();
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #load(): Promise<void> {
    const { log } = this.#options;
    try {
      const { jobs, damaged } = await this.#folder.load();
      if (damaged.length > 0) log.warn({ files: damaged }, 'exports are damaged and not listed');
      jobs.sort((a, b) => a.createdUs - b.createdUs);
      for (const job of jobs) {
        this.#jobs.set(job.id, job);
        if (isOver(job)) continue;
        const found = await stat(this.#folder.pathOf(job)).catch(absent);
        // All of it was durable, only its end was not told.
        if (found !== undefined && found.size === job.size) {
          Object.assign(job, { state: 'done', writtenBytes: found.size });
        } else {
          Object.assign(job, {
            state: 'failed',
            error: 'the recorder was restarted before it was finished; ask for it again',
          });
        }
        job.finishedUs = this.#nowUs();
        await this.#folder.save(job);
      }
    } catch (err) {
      log.warn({ err }, 'cannot read the exports of before');
    }
  }

  /** Begins what waits, as far as it may. */
  #next(): void {
    for (const job of this.#jobs.values()) {
      if (this.#isClosed || this.#running.size >= MOST_AT_ONCE) return;
      if (job.state !== 'queued' || this.#running.has(job.id)) continue;
      const abort = new AbortController();
      this.#running.set(job.id, { abort, ended: this.#run(job, abort.signal) });
    }
  }

  async #run(job: ExportJob, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const { id, stream } = job;
    try {
      await this.#write(job, signal);
      job.state = 'done';
      log.info({ export: id, stream, bytes: job.size }, 'export finished');
    } catch (err) {
      if (!signal.aborted) {
        job.state = 'failed';
        job.error = failureInWords(err);
        log.warn({ export: id, stream, err }, 'export failed');
      }
    }
    if (isOver(job)) {
      job.finishedUs = this.#nowUs();
      await this.#folder.save(job).catch((err: Error) => {
        log.warn({ export: id, err }, 'the end of an export is forgotten with the next restart');
      });
    }
    this.#running.delete(id);
    this.#report();
    this.#next();
  }

  async #write(job: ExportJob, signal: AbortSignal): Promise<void> {
    job.state = 'running';
    this.#report();
    const { root, sources, mustFit } = this.#options;
    const { file, startUs, seconds } = await planExport(sources, job, signal);
    Object.assign(job, { beginsUs: startUs, seconds, size: file.size });
    // A state of before a crash that lacks its size is no file that can be trusted.
    await this.#folder.save(job);
    await mustFit(root, file.size);
    let reportedMs = Number.NEGATIVE_INFINITY;
    await this.#folder.write(job, file, signal, {
      progress: (bytes) => {
        job.writtenBytes = bytes;
        const nowMs = performance.now();
        if (nowMs - reportedMs < PROGRESS_MS) return;
        reportedMs = nowMs;
        this.#report();
      },
      // Meanwhile recordings have taken some of it.
      synced: () => mustFit(root, file.size - job.writtenBytes),
    });
  }

  /** Bytes that are still to be written at most. */
  #promised(): number {
    let bytes = 0;
    for (const job of this.#jobs.values()) {
      if (!isOver(job)) bytes += Math.max(0, (job.size ?? job.sizeAtMost) - job.writtenBytes);
    }
    return bytes;
  }

  /** Resolves when a job is another than it was, or after a while. */
  async #change(job: ExportJob, was: string, idleMs: number): Promise<void> {
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    const timer = setTimeout(wake, idleMs);
    const look = () => {
      if (this.#isClosed || !this.#jobs.has(job.id) || JSON.stringify(job) !== was) wake();
    };
    this.#waiting.add(look);
    await promise;
    this.#waiting.delete(look);
    clearTimeout(timer);
  }

  #report(): void {
    for (const look of this.#waiting) look();
  }

  #nowUs(): number {
    return Math.round(this.#options.now() * 1000);
  }
}
