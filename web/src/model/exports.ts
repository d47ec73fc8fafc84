import { signal } from '@preact/signals';
import {
  type ExportState,
  exportFileAddress,
  followExport,
  getExport,
  isOver,
  listExports,
  removeExport,
  startExport,
} from '../api/exports.ts';
import { messageOf, RecorderError } from '../api/request.ts';
import { exportFormat } from '../api/timeline.ts';
import { exportRefusalInWords } from './export-refusal.ts';
import { downloadFile } from './file-download.ts';
import { isoInZone, zone } from './time-zone.ts';

/** After this, what broke off is followed again, ms. */
const RETRY_MS = 2000;

/** Stretches that the recorder writes as files in the background. */
export class Exports {
  /** The newest first. */
  readonly jobs = signal<ExportState[]>([]);
  readonly isStarting = signal(false);
  /** Of which one the file is loaded, and how much of it, 0 to 1. */
  readonly loading = signal<{ id: string; share: number } | undefined>(undefined);
  readonly message = signal('');

  readonly #followed = new Set<string>();
  #open = new AbortController();
  #download: AbortController | undefined;

  /** Keeps the list up to date from now on. @returns ends that */
  open(): () => void {
    const open = new AbortController();
    this.#open = open;
    this.#followed.clear();
    void this.#list(open.signal);
    return () => open.abort();
  }

  /**
   * Begins the export of a stretch of a stream.
   * @param startMs ms since the Unix epoch
   * @param endMs ms since the Unix epoch
   */
  async start(stream: string, startMs: number, endMs: number): Promise<void> {
    this.message.value = '';
    this.isStarting.value = true;
    const { signal } = this.#open;
    try {
      const format = await exportFormat(stream, startMs, endMs, signal);
      const [start, end] = [startMs, endMs].map((ms) => isoInZone(ms, zone.peek()));
      const job = await startExport(stream, start!, end!, format);
      this.#note(job);
      void this.#follow(job.id, signal);
    } catch (error) {
      if (!signal.aborted) this.message.value = exportRefusalInWords(error);
    } finally {
      this.isStarting.value = false;
    }
  }

  /** Cancels one, or removes its file. */
  async remove(id: string): Promise<void> {
    this.message.value = '';
    try {
      await removeExport(id);
    } catch (error) {
      // Another one was faster.
      if (!isGone(error)) {
        this.message.value = messageOf(error);
        return;
      }
    }
    this.#drop(id);
  }

  /** Hands the file of one that is done to the browser to be kept. */
  async download({ id, stream, container, size }: ExportState): Promise<void> {
    this.message.value = '';
    const download = new AbortController();
    this.#download = download;
    this.loading.value = { id, share: 0 };
    const file = { url: exportFileAddress(id), name: `${stream}.${container}`, bytes: size };
    try {
      await downloadFile(file, download.signal, (share) => {
        this.loading.value = { id, share };
      });
    } catch (error) {
      if (isGone(error)) this.#drop(id);
      if (!download.signal.aborted) this.message.value = messageOf(error);
    } finally {
      this.loading.value = undefined;
    }
  }

  /** Ends the download. */
  cancelDownload(): void {
    this.#download?.abort();
  }

  async #list(signal: AbortSignal): Promise<void> {
    try {
      const jobs = await listExports(signal);
      if (signal.aborted) return;
      this.jobs.value = jobs;
      for (const job of jobs) if (!isOver(job)) void this.#follow(job.id, signal);
    } catch (error) {
      if (!signal.aborted) this.message.value = messageOf(error);
    }
  }

  /** Follows one until it is over; where a proxy lets no events through, it is asked again and again. */
  async #follow(id: string, signal: AbortSignal): Promise<void> {
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    while (!signal.aborted && this.#isRunning(id)) {
      await followExport(id, signal, (job) => this.#note(job)).catch(() => undefined);
      if (signal.aborted || !this.#isRunning(id)) return;
      try {
        const job = await getExport(id, signal);
        this.#note(job);
        if (isOver(job)) return;
      } catch (error) {
        if (isGone(error)) this.#drop(id);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #isRunning(id: string): boolean {
    return this.jobs.peek().some((job) => job.id === id && !isOver(job));
  }

  #note(job: ExportState): void {
    const jobs = this.jobs.peek();
    this.jobs.value = jobs.some(({ id }) => id === job.id)
      ? jobs.map((each) => (each.id === job.id ? job : each))
      : [job, ...jobs];
  }

  #drop(id: string): void {
    this.jobs.value = this.jobs.peek().filter((job) => job.id !== id);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof RecorderError && error.status === 404;
}
