import type { SpaceChange } from '../files/free-space.ts';
import type { Emit, EventData } from './event.ts';

/** Makes an event of a change of a disk's free space. */
export function diskEvent(
  emit: Emit,
  disk: EventData['disk.low']['disk'],
  { resource, mark, space, secondsUntilFull }: SpaceChange,
): void {
  const data = {
    disk,
    resource,
    free_bytes: space.freeBytes,
    total_bytes: space.totalBytes,
    ...(space.freeInodes !== undefined && { free_inodes: space.freeInodes }),
  };
  if (mark === undefined) {
    emit('disk.recovered', data);
    return;
  }
  const below =
    'bytes' in mark
      ? { below_bytes: mark.bytes }
      : { below_percent: Number((mark.share * 100).toFixed(2)) };
  const full = secondsUntilFull !== undefined && { full_in_seconds: secondsUntilFull };
  emit('disk.low', { ...data, ...below, ...full });
}
