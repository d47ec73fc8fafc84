import type { StorageState } from '../api/types.ts';
import { storage, streams } from '../model/streams.ts';
import { bytesInWords, momentInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

/** A disk that will be full within a week is worth a word. */
const SOON_SECONDS = 7 * 86_400;

/**
 * What there is to say of the storage in one line: nothing while a disk has room.
 * @param isRecording whether a stream is being written at this moment: where the last bytes are still
 * being recorded to, it is not told that nothing is
 */
function storageInWords(storage: StorageState, isRecording: boolean): string {
  const { name, state, spool, waiting_files, waiting_bytes, oldest_waiting, last_error } = storage;
  const { free_bytes, full_in_seconds = Number.POSITIVE_INFINITY } = storage;
  const say = words.value;
  const isFilling = full_in_seconds < SOON_SECONDS;
  if (spool === undefined && state === 'ok' && !isFilling) return '';
  const parts = [say.storage(name)];
  if (state === 'full' && isRecording) parts.push(say.storageAlmostFull);
  // Without a bucket, it can be the disk alone.
  else if (state !== 'ok' && (state !== 'alarm' || spool !== undefined)) {
    parts.push(say.storageStates[state]);
  }
  const free = bytesInWords(free_bytes);
  if (isFilling) parts.push(say.fullIn(free, Math.round(full_in_seconds / 3600)));
  else if (state === 'alarm' && spool === undefined) parts.push(say.littleSpace(free));
  if (waiting_files > 0) {
    const bytes = bytesInWords(waiting_bytes);
    parts.push(
      oldest_waiting === undefined
        ? say.filesWait(waiting_files, bytes)
        : say.filesWaitSince(waiting_files, bytes, momentInWords(oldest_waiting)),
    );
  }
  if (state !== 'ok' && last_error !== undefined) parts.push(say.lastError(last_error.message));
  return parts.join(' · ');
}

/** How it goes with the storage. */
export function StorageLine() {
  const state = storage.value;
  const isRecording =
    streams.value?.some(({ state }) => state === 'recording' || state === 'degraded') ?? false;
  return (
    <p id="storage" class="hint" role="status" data-state={state?.state}>
      {state && storageInWords(state, isRecording)}
    </p>
  );
}
