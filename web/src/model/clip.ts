import { computed, signal } from '@preact/signals';
import { accessToken } from '../api/access-token.ts';
import { address } from '../api/address.ts';
import { errorOfResponse, messageOf, send } from '../api/request.ts';
import { exportFormat, exportPath, timelineOf } from '../api/timeline.ts';
import { words } from '../words/language.ts';
import { createClipFile, MOST_IN_MEMORY } from './clip-file.ts';
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
      // The browser itself loads without limit, but has no token to show.
      if (accessToken.peek() === '' && (this.bytes.peek() ?? 0) > MOST_IN_MEMORY) save(url, '');
      else await this.#load(url, `${stream}.${format}`, loading.signal);
    } catch (error) {
      if (!loading.signal.aborted) this.message.value = messageOf(error);
    } finally {
      this.progress.value = undefined;
    }
  }

  cancel(): void {
    this.#loading?.abort();
  }

  async #load(url: string, name: string, signal: AbortSignal): Promise<void> {
    const response = await send(url, { signal });
    if (!response.ok) throw await errorOfResponse(response);
    const whole = Number(response.headers.get('content-length')) || this.bytes.peek() || 1;
    const file = await createClipFile(whole);
    if (file === undefined) {
      await response.body?.cancel();
      throw new Error(words.peek().clipTooLarge);
    }
    try {
      let read = 0;
      for await (const part of response.body!) {
        await file.write(part);
        read += part.length;
        this.progress.value = Math.min(1, read / whole);
      }
    } catch (error) {
      await file.discard();
      throw error;
    }
    const object = URL.createObjectURL(await file.finish());
    save(object, fileNameOf(response) ?? name);
    setTimeout(() => URL.revokeObjectURL(object), 60_000);
  }
}

function fileNameOf(response: Response): string | undefined {
  const header = response.headers.get('content-disposition') ?? '';
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  return encoded === undefined
    ? /filename="([^"]+)"/i.exec(header)?.[1]
    : decodeURIComponent(encoded);
}

function save(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
