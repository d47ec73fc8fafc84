import { segmentName } from '../layout/file-names.ts';
import type { ManifestPeriod, ManifestTrack } from '../manifest/presentation.ts';
import { SegmentTimeline } from '../manifest/segment-timeline.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** An existing segment, with the times in its file in ticks. */
export interface PresentSegment {
  startTicks: number;
  durationTicks: number;
  /** Bytes. */
  size: number;
}

interface Placed extends PresentSegment {
  number: number;
  /** The middle of the segment, seconds since the Unix epoch. */
  middle: number;
}

const KINDS: TrackKind[] = ['video', 'audio'];

/**
 * What remains of a Period if some of its segments are lost or have become shorter. Players stop
 * for good at a hole inside a Period, so the Period is split at each hole; media of the other track
 * in the hole becomes a Period of its own.
 * @param present segments by file name
 * @param nextId returns an identifier for another Period
 * @returns the Period itself if nothing is lost
 */
export function splitPeriod(
  period: ManifestPeriod,
  present: ReadonlyMap<string, PresentSegment>,
  nextId: () => string,
): ManifestPeriod[] {
  const bounds = new Set<number>();
  const placed: Record<TrackKind, Placed[]> = { video: [], audio: [] };
  for (const kind of KINDS) {
    const track = period[kind];
    if (track === undefined) continue;
    const { timescale } = track;
    let number = track.startNumber;
    let end = track.timeline.startTicks;
    for (const { startTicks, durationTicks } of track.timeline.segments()) {
      if (startTicks !== end) addHole(bounds, end / timescale, startTicks / timescale);
      end = startTicks + durationTicks;
      const found = present.get(segmentName(kind, number, track.container));
      if (found !== undefined) {
        const middle = (found.startTicks + found.durationTicks / 2) / timescale;
        placed[kind].push({ ...found, number, middle });
      }
      const from = found === undefined ? startTicks : found.startTicks + found.durationTicks;
      if (from < end) addHole(bounds, from / timescale, end / timescale);
      number++;
    }
  }
  if (bounds.size === 0) return [period];
  const edges = [...bounds].sort((a, b) => a - b);
  const pieces: ManifestPeriod[] = [];
  for (let i = 0; i <= edges.length; i++) {
    const from = edges[i - 1] ?? Number.NEGATIVE_INFINITY;
    const to = edges[i] ?? Number.POSITIVE_INFINITY;
    const piece: ManifestPeriod = { id: period.id, ended: true };
    for (const kind of KINDS) {
      const inside = placed[kind].filter(({ middle }) => middle >= from && middle < to);
      if (inside.length > 0) piece[kind] = trackOf(period[kind]!, inside);
    }
    if (piece.video === undefined && piece.audio === undefined) continue;
    pieces.push(piece);
  }
  // The last one keeps the identifier of the Period.
  for (const piece of pieces.slice(0, -1)) piece.id = nextId();
  return pieces;
}

function addHole(bounds: Set<number>, from: number, to: number): void {
  bounds.add(from);
  bounds.add(to);
}

function trackOf(track: ManifestTrack, segments: Placed[]): ManifestTrack {
  const timeline = new SegmentTimeline();
  let bytes = 0;
  for (const { startTicks, durationTicks, size } of segments) {
    timeline.add(startTicks, durationTicks);
    bytes += size;
  }
  return { ...track, startNumber: segments[0]!.number, timeline, bytes };
}
