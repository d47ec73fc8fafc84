import type { TrackFacts } from '../containers/container.ts';
import type { ManifestTrack } from '../manifest/presentation.ts';

const IN_BOTH = [
  'kind',
  'codecs',
  'timescale',
  'width',
  'height',
  'channels',
  'samplingRate',
] as const satisfies (keyof TrackFacts & keyof ManifestTrack)[];

/** Properties of a track in which the manifest contradicts its initialization segment. */
export function contradictions(
  facts: TrackFacts,
  track: ManifestTrack,
): (typeof IN_BOTH)[number][] {
  return IN_BOTH.filter((key) => facts[key] !== track[key]);
}
