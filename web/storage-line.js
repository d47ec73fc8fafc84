import { bytesInWords, momentInWords } from './display-units.js';

/** @type {Record<string, string>} */
const WORDS_OF_STATE = {
  delayed: 'the bucket is behind or does not answer; nothing is lost meanwhile',
  alarm: 'somebody has to look after the bucket',
  full: 'full: nothing new is recorded',
};

/** Where the last bytes are still being recorded to, it is not told that nothing is. */
const ALMOST_FULL = 'full: no recording begins, and those that run end as soon as nothing fits';

/**
 * What there is to say of the storage in one line: nothing while a disk has room.
 * @param {import('./recorder-api.js').StorageState} storage
 * @param {boolean} isRecording whether a stream is being written at this moment
 */
function wordsFor(
  { name, state, spool, waiting_files, waiting_bytes, oldest_waiting, last_error },
  isRecording,
) {
  if (spool === undefined && state === 'ok') return '';
  const parts = [`Storage ${name}`];
  if (state === 'full' && isRecording) parts.push(ALMOST_FULL);
  else if (state !== 'ok') parts.push(WORDS_OF_STATE[state] ?? state);
  if (waiting_files > 0) {
    const since = oldest_waiting === undefined ? '' : ` since ${momentInWords(oldest_waiting)}`;
    parts.push(`${waiting_files} files (${bytesInWords(waiting_bytes)}) wait for upload${since}`);
  }
  if (state !== 'ok' && last_error !== undefined) parts.push(`last error: ${last_error.message}`);
  return parts.join(' · ');
}

/**
 * Shows how it goes with the storage.
 * @param {HTMLElement} line
 * @param {import('./recorder-api.js').StorageState} storage
 * @param {import('./recorder-api.js').StreamStatus[]} streams
 */
export function showStorage(line, storage, streams) {
  const isRecording = streams.some(({ state }) => state === 'recording' || state === 'degraded');
  const words = wordsFor(storage, isRecording);
  // What is written again is read out again.
  if (line.textContent !== words) line.textContent = words;
  line.dataset.state = storage.state;
}
