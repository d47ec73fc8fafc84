import { batch, computed, effect, signal } from '@preact/signals';
import { accessTurn, streamOfToken } from '../api/access-token.ts';
import { listStreams, storageState } from '../api/recorder.ts';
import { followRecorder } from '../api/recorder-events.ts';
import { messageOf, RecorderError } from '../api/request.ts';
import type { RecordedFolder, StorageState, StreamStatus } from '../api/types.ts';
import { words } from '../words/language.ts';
import { noteBitRates } from './bit-rates.ts';

const POLL_INTERVAL_MS = 2000;
/** After an end of the events that the recorder did not refuse. */
const FOLLOW_AGAIN_MS = 1000;
/** Where the recorder, or a proxy before it, sends no events: it is asked again and again instead. */
const FOLLOW_REFUSED_MS = 30_000;

/** What the recorder said last of its streams, by name; undefined before it has said anything. */
export const streams = signal<StreamStatus[] | undefined>(undefined);

/** What the recorder said last of its storage. */
export const storage = signal<StorageState | undefined>(undefined);

/** What the list of streams is narrowed to. */
export const filter = signal('');

/** The streams whose name, or state in words, has all parts of the filter. */
export const filteredStreams = computed(() => {
  const parts = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const { states } = words.value;
  return streams.value?.filter(({ stream, state }) => {
    const text = `${stream} ${state} ${states[state]}`.toLowerCase();
    return parts.every((part) => text.includes(part));
  });
});

/** Why the recorder says nothing at present, in words; empty while it does. */
export const notice = signal('');

/** When it said last what is shown, ms since the Unix epoch; undefined while that is up to date. */
export const staleSince = signal<number | undefined>(undefined);

/** Whether the field for the access token is shown. */
export const isAccessOpen = signal(false);

let shownAt: number | undefined;
let isFollowing = false;
let isAsking = false;
let isOld = false;
let timer: ReturnType<typeof setTimeout> | undefined;

const query = () => {
  const stream = streamOfToken();
  return stream === undefined ? '' : `?stream=${encodeURIComponent(stream)}`;
};

function show(list: StreamStatus[], state: StorageState | undefined): void {
  noteBitRates(list);
  shownAt = Date.now();
  batch(() => {
    streams.value = list.toSorted((a, b) => a.stream.localeCompare(b.stream));
    storage.value = state;
    notice.value = '';
    staleSince.value = undefined;
  });
}

function fail(error: unknown): void {
  batch(() => {
    notice.value = messageOf(error);
    if (error instanceof RecorderError && error.status === 401) isAccessOpen.value = true;
    staleSince.value = shownAt;
  });
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
    const only = query();
    // The storage is not shown to who may see one stream alone.
    const asked = only === '' ? storageState() : undefined;
    const [list, state] = await Promise.all([listStreams(only), asked]);
    if (isFollowing && streams.peek() !== undefined) takeFolders(list);
    else show(list, state);
  } catch (error) {
    fail(error);
  }
  isAsking = false;
  if (isOld) {
    isOld = false;
    return refresh();
  }
  if (!isFollowing) timer = setTimeout(refresh, POLL_INTERVAL_MS);
}

/** Takes an event: of the folders it has the newest alone, those before it do not change. */
function take(news: StreamStatus[], state: StorageState | undefined): void {
  const known = new Map(streams.peek()?.map(({ stream, recordings }) => [stream, recordings]));
  let isNew = streams.peek() === undefined;
  const list = news.map((status) => {
    const folders = known.get(status.stream) ?? [];
    const [newest] = status.recordings;
    isNew ||= newest !== undefined && !folders.some(({ folder }) => folder === newest.folder);
    return { ...status, recordings: withNewest(folders, newest) };
  });
  show(list, state);
  // A day that has just begun ended another, whose last words were not heard.
  if (isNew) void refresh();
}

/** Takes the folders of a list, which may be older than what the recorder has told since. */
function takeFolders(list: StreamStatus[]): void {
  const listed = new Map(list.map(({ stream, recordings }) => [stream, recordings]));
  streams.value = streams.peek()?.map((status) => {
    const newest = status.recordings.at(-1);
    return {
      ...status,
      recordings: withNewest(listed.get(status.stream) ?? [], newest),
    };
  });
}

function withNewest(
  folders: RecordedFolder[],
  newest: RecordedFolder | undefined,
): RecordedFolder[] {
  if (newest === undefined) return [];
  const at = folders.findIndex(({ folder }) => folder === newest.folder);
  // What followed it was deleted.
  return [...(at < 0 ? folders : folders.slice(0, at)), newest];
}

async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let waitMs = FOLLOW_AGAIN_MS;
    try {
      await followRecorder(query(), signal, (event) => {
        isFollowing = true;
        clearTimeout(timer);
        take(event.streams, event.storage);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RecorderError && error.status !== 0) waitMs = FOLLOW_REFUSED_MS;
    }
    if (signal.aborted) return;
    isFollowing = false;
    // Says what is wrong, and goes on in the other way meanwhile.
    void refresh();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Keeps the streams up to date from now on, with whatever token is given. */
export function keepUpToDate(): void {
  let following: AbortController | undefined;
  effect(() => {
    accessTurn.value;
    following?.abort();
    following = new AbortController();
    isFollowing = false;
    void follow(following.signal);
  });
}
