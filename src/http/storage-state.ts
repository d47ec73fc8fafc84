import type { Static } from 'typebox';
import { type FreeSpaceWatch, freeSpace } from '../files/free-space.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { StorageJson } from './storage-json.ts';

/** Below this much free space, the disk counts as full, bytes. */
const FULL_BYTES = 1 << 20;

/** What is known of the disk of recordings or spool. */
export type DiskState = Pick<FreeSpaceWatch, 'isLow' | 'secondsUntilFull'>;

/** The state of the storage. */
export async function storageState(
  { root, bucket }: Pick<ObjectStore, 'root' | 'bucket'>,
  type: Static<typeof StorageJson>['type'],
  { isLow, secondsUntilFull }: DiskState,
): Promise<Static<typeof StorageJson>> {
  const { freeBytes, totalBytes, freeInodes } = await freeSpace(root);
  const state = bucket?.state();
  const isFull = freeBytes < FULL_BYTES;
  const worst = isLow && state?.state !== 'full' ? 'alarm' : (state?.state ?? 'ok');
  return {
    type,
    name: bucket?.store.name ?? root,
    state: isFull ? 'full' : worst,
    free_bytes: freeBytes,
    total_bytes: totalBytes,
    ...(freeInodes !== undefined && { free_inodes: freeInodes }),
    ...(secondsUntilFull !== undefined && { full_in_seconds: secondsUntilFull }),
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
