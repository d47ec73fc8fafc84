import { effect } from '@preact/signals';
import { Publication } from './publication.ts';
import { RecordingPlayer } from './recording-player.ts';
import { refresh, streams } from './streams.ts';

/** The stream that this browser publishes. */
export const publication = new Publication(() => void refresh());

/** The player beside the list of streams. */
export const recordingPlayer = new RecordingPlayer();

effect(() => {
  if (streams.value !== undefined) publication.compare(streams.value);
});
