import { CONTAINER_FILES } from '../media/container-name.ts';

/** Media type of a manifest (ISO/IEC 23009-1 annex C). */
export const MANIFEST_TYPE = 'application/dash+xml';

/** Media type of an HLS playlist (RFC 8216bis §4). */
export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

/** Media types of segments. */
export const SEGMENT_TYPES: readonly string[] = Object.values(CONTAINER_FILES).flatMap(
  ({ video, audio }) => [video, audio],
);

/** The media type of a recorded file, from its name (RFC 4337, RFC 9559 §27.3). */
export function mediaTypeOf(name: string): string {
  if (name.endsWith('.mpd')) return MANIFEST_TYPE;
  const kind = name.startsWith('audio_') ? 'audio' : 'video';
  for (const files of Object.values(CONTAINER_FILES)) {
    if (name.endsWith(`.${files.extension}`)) return files[kind];
  }
  // For files that operators have added.
  if (name.endsWith('.mp4')) return `${kind}/mp4`;
  if (name.endsWith('.webm')) return `${kind}/webm`;
  return 'application/octet-stream';
}
