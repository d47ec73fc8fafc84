import { signal } from '@preact/signals';
import { listStreams, storageState } from '../api/recorder.ts';
import { messageOf, RecorderError } from '../api/request.ts';
import type { StorageState, StreamStatus } from '../api/types.ts';

const POLL_INTERVAL_MS = 2000;

/** What the recorder said last of its streams, by name; undefined before it has said anything. */
export const streams = signal<StreamStatus[] | undefined>(undefined);

/** What the recorder said last of its storage. */
export const storage = signal<StorageState | undefined>(undefined);

/** Why the recorder says nothing at present, in words; empty while it does. */
export const notice = signal('');

/** When it said last what is shown, ms since the Unix epoch; undefined while that is up to date. */
export const staleSince = signal<number | undefined>(undefined);

/** Whether the field for the access token is shown. */
export const isAccessOpen = signal(false);

/** Counts the tokens that were tried: what one of them was refused is nothing to the next. */
export const accessTurn = signal(0);

let shownAt: number | undefined;
let isAsking = false;
let isOld = false;
let timer: ReturnType<typeof setTimeout> | undefined;

function failed(error: unknown): void {
  notice.value = messageOf(error);
  if (error instanceof RecorderError && error.status === 401) isAccessOpen.value = true;
  staleSince.value = shownAt;
}

/** Asks for the streams and shows them; a second call while one is under way follows right after. */
export async function refresh(): Promise<void> {
  if (isAsking) {
    isOld = true;
    return;
  }
  isAsking = true;
  clearTimeout(timer);
  try {
    const [list, state] = await Promise.all([listStreams(), storageState()]);
    streams.value = list.sort((a, b) => a.stream.localeCompare(b.stream));
    storage.value = state;
    shownAt = Date.now();
    notice.value = '';
    staleSince.value = undefined;
  } catch (error) {
    failed(error);
  }
  isAsking = false;
  if (isOld) {
    isOld = false;
    return refresh();
  }
  timer = setTimeout(refresh, POLL_INTERVAL_MS);
}
