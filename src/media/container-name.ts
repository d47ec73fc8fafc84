/**
 * The container formats that samples are written to, and what of them shows in names: the extension of
 * their files and the media type of each kind of track (RFC 4337, RFC 9559 §27.3). What is inside the
 * files is known to `src/containers`. These stand here, as plain data, because names are read and made
 * where no file is opened (uploads, HTTP), and codecs say which containers hold them.
 */
export const CONTAINER_FILES = {
  mp4: { extension: 'm4s', video: 'video/mp4', audio: 'audio/mp4' },
  webm: { extension: 'webm', video: 'video/webm', audio: 'audio/webm' },
} as const satisfies Record<string, { extension: string; video: string; audio: string }>;

/** Name of a container format. */
export type ContainerName = keyof typeof CONTAINER_FILES;

/** All of them. */
export const CONTAINER_NAMES = Object.keys(CONTAINER_FILES) as ContainerName[];
