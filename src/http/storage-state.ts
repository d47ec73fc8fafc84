import { statfs } from 'node:fs/promises';
import type { Static } from 'typebox';
import type { ObjectStore } from '../storage/object-store.ts';
import type { StorageJson } from './storage-json.ts';

/** Below this much free space, the disk counts as full, bytes. */
const FULL_BYTES = 1 << 20;

/** The state of the storage. */
export async function storageState(
  { root, bucket }: Pick<ObjectStore, 'root' | 'bucket'>,
  type: Static<typeof StorageJson>['type'],
): Promise<Static<typeof StorageJson>> {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  const state = bucket?.state();
  const isFull = free < FULL_BYTES;
  return {
    type,
    name: bucket?.store.name ?? root,
    state: isFull ? 'full' : (state?.state ?? 'ok'),
    free_bytes: free,
    ...(bucket && { spool: root }),
    waiting_files: state?.waitingFiles ?? 0,
    waiting_bytes: state?.waitingBytes ?? 0,
    ...(bucket?.maxWaitingBytes !== undefined && { max_waiting_bytes: bucket.maxWaitingBytes }),
    ...(state?.oldestMs !== undefined && { oldest_waiting: Math.floor(state.oldestMs) }),
    parked_files: state?.parkedFiles ?? 0,
    dropped_files: state?.droppedFiles ?? 0,
    uploaded_files: state?.uploadedFiles ?? 0,
    failures: state?.failures ?? 0,
    bytes_per_second: Math.round(state?.bytesPerSecond ?? 0),
    ...(state?.lastError && {
      last_error: { ...state.lastError, at: Math.floor(state.lastError.at) },
    }),
  };
}
