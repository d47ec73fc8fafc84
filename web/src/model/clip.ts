import { computed, signal } from '@preact/signals';
import { address } from '../api/address.ts';
import { messageOf } from '../api/request.ts';
import { exportFormat, exportPath, timelineOf } from '../api/timeline.ts';
import { exportRefusalInWords } from './export-refusal.ts';
import { downloadFile } from './file-download.ts';
import { joinNames } from './location.ts';
import { isoInZone, zone } from './time-zone.ts';

/** A stretch that is taken away as a file. */
export class Clip {
  readonly inMs = signal<number | undefined>(undefined);
  readonly outMs = signal<number | undefined>(undefined);
  /** Whether it begins before it ends. */
  readonly isWhole = computed(() => {
    const [from, to] = [this.inMs.value, this.outMs.value];
    return from !== undefined && to !== undefined && to > from;
  });
  /** How large it will be, bytes, roughly; undefined until the recorder has said. */
  readonly bytes = signal<number | undefined>(undefined);
  /** How much of it was loaded, 0 to 1; undefined while nothing is. */
  readonly progress = signal<number | undefined>(undefined);
  readonly message = signal('');

  #loading: AbortController | undefined;
  #measured: AbortController | undefined;

  /** Marks where it begins. */
  markIn(epochMs: number | undefined): void {
    this.inMs.value = epochMs;
    this.message.value = '';
  }

  /** Marks where it ends. */
  markOut(epochMs: number | undefined): void {
    this.outMs.value = epochMs;
    this.message.value = '';
  }

  clear(): void {
    this.#loading?.abort();
    this.markIn(undefined);
    this.markOut(undefined);
  }

  /** Asks how large the clip of a stream will be. */
  async measure(stream: string): Promise<void> {
    this.#measured?.abort();
    this.bytes.value = undefined;
    const [from, to] = [this.inMs.peek(), this.outMs.peek()];
    if (from === undefined || to === undefined || to <= from) return;
    const measured = new AbortController();
    this.#measured = measured;
    try {
      const [row] = await timelineOf(joinNames([stream]), from, to, 0, measured.signal);
      if (measured.signal.aborted) return;
      this.bytes.value = row?.spans.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
    } catch (error) {
      if (!measured.signal.aborted) this.message.value = messageOf(error);
    }
  }

  /** Loads the clip of a stream, and hands it to the browser to be kept. */
  async download(stream: string): Promise<void> {
    const [from, to] = [this.inMs.peek(), this.outMs.peek()];
    if (from === undefined || to === undefined) return;
    this.message.value = '';
    const loading = new AbortController();
    this.#loading = loading;
    this.progress.value = 0;
    try {
      const format = await exportFormat(stream, from, to, loading.signal);
      const [start, end] = [from, to].map((ms) => isoInZone(ms, zone.peek()));
      const url = address(exportPath(stream, start!, end!, format));
      const file = { url, name: `${stream}.${format}`, bytes: this.bytes.peek() };
      await downloadFile(file, loading.signal, (share) => {
        this.progress.value = share;
      });
    } catch (error) {
      if (!loading.signal.aborted) this.message.value = exportRefusalInWords(error);
    } finally {
      this.progress.value = undefined;
    }
  }

  cancel(): void {
    this.#loading?.abort();
  }
}
