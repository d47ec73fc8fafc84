import type { TrackKind } from '../media/access-unit.ts';
import type { DeletedFiles } from './deleted-files.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from './presentation.ts';
import { removeSegments } from './without-segments.ts';

const KINDS: TrackKind[] = ['video', 'audio'];

/**
 * The Periods of one presentation that another one lacks: a Period is lacking if any of its
 * segments, identified by kind, number and time, is missing there and was not deleted. Both
 * presentations may share their beginning.
 */
export function periodsMissing(from: Presentation, inside: Presentation): ManifestPeriod[] {
  return withoutDeleted(from.periods, inside.deleted).filter((period) =>
    KINDS.some((kind) => {
      const track = period[kind];
      return track !== undefined && track.timeline.count > 0 && !covers(inside, kind, track);
    }),
  );
}

/**
 * A presentation with the Periods of another one that it lacks (see {@link periodsMissing}), in the
 * order of time. An added Period replaces one that is its beginning. Identifiers that are in use
 * are changed, always in the same way.
 */
export function withPeriods(presentation: Presentation, missing: ManifestPeriod[]): Presentation {
  const added = withoutDeleted(missing, presentation.deleted);
  const kept = presentation.periods.filter(
    (period) => !added.some((other) => isBeginningOf(period, other)),
  );
  const ids = new Set(kept.map(({ id }) => id));
  const others = added.map((period) => {
    let { id } = period;
    while (ids.has(id)) id = `m${id}`;
    ids.add(id);
    return { ...period, id };
  });
  const periods = [...others, ...kept].sort((a, b) => startSeconds(a) - startSeconds(b));
  return { ...presentation, periods };
}

/** What is left of Periods of another manifest, which may be older than a deletion. */
function withoutDeleted(
  periods: readonly ManifestPeriod[],
  deleted: DeletedFiles | undefined,
): ManifestPeriod[] {
  if (deleted === undefined) return [...periods];
  let parts = 0;
  const left = { periods: periods.map(copyOf) };
  removeSegments(left, (kind, number) => deleted.seg[kind].has(number), {
    isGrowing: false,
    nextId: () => `part${++parts}`,
  });
  return left.periods;
}

function copyOf(period: ManifestPeriod): ManifestPeriod {
  const copy = { ...period };
  for (const kind of KINDS) if (copy[kind] !== undefined) copy[kind] = { ...copy[kind] };
  return copy;
}

function isBeginningOf(period: ManifestPeriod, whole: ManifestPeriod): boolean {
  return KINDS.every((kind) => period[kind] === undefined || isPartOf(period[kind], whole[kind]));
}

/** Whether a presentation contains all segments of a track. */
function covers({ periods }: Presentation, kind: TrackKind, track: ManifestTrack): boolean {
  return periods.some((period) => isPartOf(track, period[kind]));
}

function isPartOf(track: ManifestTrack | undefined, whole: ManifestTrack | undefined): boolean {
  if (track === undefined || whole === undefined) return false;
  return (
    track.startNumber >= whole.startNumber &&
    track.startNumber + track.timeline.count <= whole.startNumber + whole.timeline.count &&
    track.timeline.startTicks >= whole.timeline.startTicks &&
    track.timeline.endTicks <= whole.timeline.endTicks
  );
}

function startSeconds(period: ManifestPeriod): number {
  const starts = KINDS.map((kind) => period[kind])
    .filter((track) => track !== undefined && track.timeline.count > 0)
    .map((track) => track!.timeline.startTicks / track!.timescale);
  return Math.min(...starts, Number.POSITIVE_INFINITY);
}
