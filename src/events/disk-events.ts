import type { SpaceChange } from '../files/free-space.ts';
import type { Emit, EventData } from './event.ts';

/** Makes an event of a change of a disk's free space. */
export function diskEvent(
  emit: Emit,
  disk: EventData['disk.low']['disk'],
  { resource, belowPercent, space }: SpaceChange,
): void {
  const data = {
    disk,
    resource,
    free_bytes: space.freeBytes,
    total_bytes: space.totalBytes,
    ...(space.freeInodes !== undefined && { free_inodes: space.freeInodes }),
  };
  if (belowPercent === undefined) emit('disk.recovered', data);
  else emit('disk.low', { ...data, below_percent: belowPercent });
}
