import type { TrackKind } from '../media/access-unit.ts';
import type { ManifestPeriod, ManifestTrack, Presentation } from './presentation.ts';
import { SegmentTimeline } from './segment-timeline.ts';

const KINDS: TrackKind[] = ['video', 'audio'];
/**
 * The latest Periods of a running recording may still get segments: those of a Period are all
 * committed before the second one after it has any.
 */
const MAY_GROW = 3;

/** A segment that remains. */
interface Placed {
  number: number;
  startTicks: number;
  durationTicks: number;
}

/** What remains of a Period between two holes. */
type Part = Partial<Record<TrackKind, Placed[]>>;

/** Options of {@link removeSegments}. */
export interface RemovalOptions {
  /**
   * The presentation is being recorded: tracks of its latest Periods may still get segments, so
   * that these stay, also without one.
   */
  isGrowing: boolean;
  /** Returns an identifier for another Period. */
  nextId(): string;
}

/**
 * Removes segments from a presentation that remains playable: a Period begins where its first
 * picture does, and what lies before a hole becomes a Period of its own, because players stop for
 * good at a hole inside a Period. The last part of a Period keeps its identity.
 */
export function removeSegments(
  presentation: Pick<Presentation, 'periods'>,
  isRemoved: (kind: TrackKind, number: number) => boolean,
  { isGrowing, nextId }: RemovalOptions,
): void {
  const { periods } = presentation;
  const left = periods.flatMap((period, at) => {
    const mayGrow = isGrowing && at >= periods.length - MAY_GROW;
    const parts = without(period, isRemoved, mayGrow, nextId);
    const isEmpty = KINDS.every((kind) => (period[kind]?.timeline.count ?? 0) === 0);
    return isEmpty && !mayGrow ? parts.slice(0, -1) : parts;
  });
  // In place: others have the list, too.
  periods.splice(0, periods.length, ...left);
}

/** @returns the parts before the Period, and the Period itself, whose tracks have changed */
function without(
  period: ManifestPeriod,
  isRemoved: (kind: TrackKind, number: number) => boolean,
  mayGrow: boolean,
  nextId: () => string,
): ManifestPeriod[] {
  const kept: Part = {};
  let isChanged = false;
  let isEndRemoved = false;
  for (const kind of KINDS) {
    const track = period[kind];
    if (track === undefined) continue;
    const all = placedOf(track);
    const left = all.filter(({ number }) => !isRemoved(kind, number));
    if (left.length < all.length) {
      isChanged = true;
      isEndRemoved ||= left.at(-1) !== all.at(-1);
    }
    kept[kind] = left;
  }
  if (!isChanged) return [period];
  const wasTrimmed = KINDS.some((kind) => {
    const first = kept[kind]?.[0];
    return first !== undefined && first.number !== period[kind]!.startNumber;
  });
  const parts = partsOf(period, kept);
  const last = isEndRemoved && mayGrow ? {} : (parts.pop() ?? {});
  const before = parts.map((part, at): ManifestPeriod => {
    const piece: ManifestPeriod = { id: nextId(), ended: true };
    for (const kind of KINDS) {
      const segments = part[kind];
      if (segments !== undefined)
        piece[kind] = { ...period[kind]!, ...cutTo(period[kind]!, segments) };
    }
    return at === 0 && !wasTrimmed
      ? withStart(piece, period.startsAt)
      : withStart(piece, startOf(piece));
  });
  const isWhole = parts.length === 0 && !wasTrimmed;
  for (const kind of KINDS) {
    const track = period[kind];
    if (track !== undefined) Object.assign(track, cutTo(track, last[kind] ?? []));
  }
  withStart(period, isWhole ? period.startsAt : startOf(period));
  return [...before, period];
}

function placedOf({ startNumber, timeline }: ManifestTrack): Placed[] {
  let number = startNumber;
  return Array.from(timeline.segments(), (times) => ({ ...times, number: number++ }));
}

/** Groups what remains by the holes: after one in either track, both begin anew. */
function partsOf(period: ManifestPeriod, kept: Part): Part[] {
  // Seconds of media time.
  const cuts: number[] = [];
  for (const kind of KINDS) {
    const { timescale } = period[kind] ?? { timescale: 1 };
    for (const [at, { number, startTicks, durationTicks }] of (kept[kind] ?? []).entries()) {
      if (at === 0 || kept[kind]![at - 1]!.number === number - 1) continue;
      const from = startTicks / timescale;
      const to = (startTicks + durationTicks) / timescale;
      // Sound that goes over the beginning of a picture belongs to that.
      if (!cuts.some((cut) => from <= cut && cut < to)) cuts.push(from);
    }
  }
  const parts: Part[] = [];
  for (const kind of KINDS) {
    const { timescale } = period[kind] ?? { timescale: 1 };
    for (const segment of kept[kind] ?? []) {
      const from = segment.startTicks / timescale;
      const to = (segment.startTicks + segment.durationTicks) / timescale;
      const index = cuts.filter((cut) => (kind === 'video' ? cut <= from : cut < to)).length;
      parts[index] ??= {};
      parts[index][kind] ??= [];
      parts[index][kind].push(segment);
    }
  }
  return parts.filter((part) => part !== undefined);
}

function cutTo(
  track: ManifestTrack,
  segments: readonly Placed[],
): Pick<ManifestTrack, 'startNumber' | 'timeline' | 'bytes'> {
  const { startNumber, timeline: before } = track;
  const timeline = new SegmentTimeline();
  for (const { startTicks, durationTicks } of segments) timeline.add(startTicks, durationTicks);
  const whole = before.endTicks - before.startTicks;
  const rest = timeline.endTicks - timeline.startTicks;
  return {
    // Of a track that lost all of its segments, the next one follows.
    startNumber: segments[0]?.number ?? startNumber + before.count,
    timeline,
    bytes: whole === 0 ? 0 : Math.round((track.bytes * rest) / whole),
  };
}

/** Where a Period begins whose sound reaches further back than its picture. */
function startOf({ video, audio }: ManifestPeriod): ManifestPeriod['startsAt'] {
  if (!video?.timeline.count || !audio?.timeline.count) return undefined;
  const ticks = video.timeline.startTicks;
  const { timescale } = video;
  return audio.timeline.startTicks / audio.timescale < ticks / timescale
    ? { ticks, timescale }
    : undefined;
}

function withStart(period: ManifestPeriod, startsAt: ManifestPeriod['startsAt']): ManifestPeriod {
  if (startsAt === undefined) delete period.startsAt;
  else period.startsAt = startsAt;
  return period;
}
