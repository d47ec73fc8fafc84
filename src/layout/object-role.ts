/**
 * The role of a file in a day folder for playback. The order of the numbers is that of upload, so
 * that a manifest in the store never names a missing file.
 */
export const ObjectRole = { initialization: 0, segment: 1, manifest: 2 } as const;
export type ObjectRole = (typeof ObjectRole)[keyof typeof ObjectRole];

const INITIALIZATION = /^(?:audio_)?init(?:_\d+)?\.\w+$/;

/** The role of a file, from its name. An unknown file counts as a segment. */
export function objectRole(name: string): ObjectRole {
  if (name.endsWith('.mpd')) return ObjectRole.manifest;
  return INITIALIZATION.test(name) ? ObjectRole.initialization : ObjectRole.segment;
}
