import type { StorageState } from '../api/types.ts';
import { storage, streams } from '../model/streams.ts';
import { bytesInWords, momentInWords } from '../model/units.ts';
import { words } from '../words/language.ts';

/**
 * What there is to say of the storage in one line: nothing while a disk has room.
 * @param isRecording whether a stream is being written at this moment: where the last bytes are still
 * being recorded to, it is not told that nothing is
 */
function storageInWords(
  { name, state, spool, waiting_files, waiting_bytes, oldest_waiting, last_error }: StorageState,
  isRecording: boolean,
): string {
  const say = words.value;
  if (spool === undefined && state === 'ok') return '';
  const parts = [say.storage(name)];
  if (state === 'full' && isRecording) parts.push(say.storageAlmostFull);
  else if (state !== 'ok') parts.push(say.storageStates[state]);
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
