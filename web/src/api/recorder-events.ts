import { followEvents } from './server-events.ts';
import type { RecorderEvent } from './types.ts';

/**
 * Follows streams and storage as they change, see {@link followEvents}.
 * @param query `?stream=…` where only one may be seen
 */
export function followRecorder(
  query: string,
  signal: AbortSignal,
  onEvent: (event: RecorderEvent) => void,
): Promise<void> {
  return followEvents(`api/recorder/events${query}`, signal, onEvent);
}
