import { words } from '../words/language.ts';
import { call } from './request.ts';
import type { StorageState, StreamStatus } from './types.ts';

/**
 * Says what is wrong with a stream name that no address can carry.
 * @returns empty when the name will do; the recorder has the last word
 */
export function faultOfStreamName(stream: string): string {
  const { nameMissing, nameClimbs, nameMalformed } = words.peek();
  if (stream === '') return nameMissing;
  // A browser resolves these as steps in the address, even percent-encoded.
  if (stream === '.' || stream === '..') return nameClimbs(stream);
  if (!stream.isWellFormed()) return nameMalformed;
  return '';
}

const recordPath = (stream: string) => `api/record/${encodeURIComponent(stream)}`;

/**
 * Every stream that is published, armed, recorded or failed, with its recordings.
 * @param query `?stream=…` where only one may be seen
 */
export async function listStreams(query: string): Promise<StreamStatus[]> {
  return (await call(`api/recorder/streams${query}`, 'GET')).json();
}

/** Where recordings are kept, and the state of their storage. */
export async function storageState(): Promise<StorageState> {
  return (await call('api/storage', 'GET')).json();
}

/** Names of the codecs that are recorded, most wanted first. */
export async function recordedCodecs(): Promise<string[]> {
  return (await (await call('api/info', 'GET')).json()).codecs ?? [];
}

/** Whether a stream is recorded, or waited for. */
export async function isArmed(stream: string): Promise<boolean> {
  const response = await call(recordPath(stream), 'GET');
  return (await response.json()).record_id !== undefined;
}

/** Starts recording a stream, or arms it until somebody publishes it. */
export async function startRecording(stream: string): Promise<void> {
  await call(recordPath(stream), 'POST');
}

/** Stops or disarms a recording; resolves when its last segment is stored. */
export async function stopRecording(stream: string): Promise<void> {
  // Outlives the page, as the end of a publication does.
  await call(recordPath(stream), 'DELETE', { keepalive: true });
}
