/**
 * The container formats, with the file extension and the media type of each kind of track (RFC
 * 4337, RFC 9559 §27.3). The content of the files is handled by `src/containers`. This table is
 * plain data, because names are also parsed and built where no file is opened (uploads, HTTP), and
 * codecs list their containers.
 */
export const CONTAINER_FILES = {
  mp4: { extension: 'm4s', video: 'video/mp4', audio: 'audio/mp4' },
  webm: { extension: 'webm', video: 'video/webm', audio: 'audio/webm' },
} as const satisfies Record<string, { extension: string; video: string; audio: string }>;

/** Name of a container format. */
export type ContainerName = keyof typeof CONTAINER_FILES;

/** All container names. */
export const CONTAINER_NAMES = Object.keys(CONTAINER_FILES) as ContainerName[];
