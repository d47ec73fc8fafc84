/**
 * What a file of a day folder is to those who play it. The order of the numbers is the order of
 * upload: whoever finds a manifest finds all that it names.
 */
export const ObjectRole = { initialization: 0, segment: 1, manifest: 2 } as const;
export type ObjectRole = (typeof ObjectRole)[keyof typeof ObjectRole];

const INITIALIZATION = /^(?:audio_)?init(?:_\d+)?\.\w+$/;

/** The role of a file, by its name within its folder. What is not known counts as a segment. */
export function objectRole(name: string): ObjectRole {
  if (name.endsWith('.mpd')) return ObjectRole.manifest;
  return INITIALIZATION.test(name) ? ObjectRole.initialization : ObjectRole.segment;
}
