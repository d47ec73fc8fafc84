import type { PeriodReason } from '../facts/period-reason.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { TrackSpan } from '../segment-index/segment-index.ts';

/** A stretch of a stream in which there is media; times in µs since the Unix epoch, end exclusive. */
export interface TimelineSpan {
  startUs: number;
  endUs: number;
  /** What there is throughout; in a stretch that was merged, what there is anywhere. */
  kinds: TrackKind[];
  /** Bytes of its segments. A segment that reaches over a bound counts whole where it begins. */
  bytes: number;
  /** Why the Period began with which the stretch begins: what the gap before it was for, if known. */
  reason: PeriodReason | undefined;
}

/** Where the spans of a stream lie, see `SegmentIndex.spans`. */
type TrackSpans = Readonly<Record<TrackKind, readonly TrackSpan[]>>;

/**
 * What was recorded of a stream in [startUs, endUs), as stretches with media. Gaps up to the resolution
 * are passed over, and so are times up to it in which a track is alone.
 * @param resolutionUs µs; 0 passes over nothing but what is due to rounding
 */
export function timelineOf(
  { video, audio }: TrackSpans,
  startUs: number,
  endUs: number,
  resolutionUs: number,
): TimelineSpan[] {
  const tracks = {
    video: joined(video, startUs, endUs, resolutionUs),
    audio: joined(audio, startUs, endUs, resolutionUs),
  };
  const spans: TimelineSpan[] = [];
  for (const piece of pieces(tracks)) {
    const last = spans.at(-1);
    if (last !== undefined && isOne(last, piece, resolutionUs)) {
      last.endUs = piece.endUs;
      last.bytes += piece.bytes;
      if (piece.kinds.length > last.kinds.length) last.kinds = piece.kinds;
      else if (piece.kinds[0] !== last.kinds[0]) last.kinds = ['video', 'audio'];
    } else spans.push(piece);
  }
  for (const span of spans) span.bytes = Math.round(span.bytes);
  return spans;
}

function isOne(last: TimelineSpan, next: TimelineSpan, resolutionUs: number): boolean {
  const gapUs = next.startUs - last.endUs;
  if (gapUs > resolutionUs) return false;
  const isSame = last.kinds.length === next.kinds.length && last.kinds[0] === next.kinds[0];
  const shorter = Math.min(last.endUs - last.startUs, next.endUs - next.startUs);
  return isSame || shorter <= resolutionUs;
}

/** The stretches of a track within the range, those that are near to each other as one. */
function joined(
  spans: readonly TrackSpan[],
  startUs: number,
  endUs: number,
  resolutionUs: number,
): TrackSpan[] {
  const found: TrackSpan[] = [];
  for (const span of spans) {
    const last = found.at(-1);
    if (last !== undefined && span.startUs - last.endUs <= resolutionUs) {
      last.endUs = Math.max(last.endUs, Math.min(span.endUs, endUs));
      last.bytes += span.bytes;
    } else {
      found.push({
        ...span,
        startUs: Math.max(span.startUs, startUs),
        endUs: Math.min(span.endUs, endUs),
      });
    }
  }
  return found;
}

/**
 * Cuts two tracks where either begins or ends. The bytes of what is cut go by the time.
 * @param tracks whose spans do not overlap and are in the order of time
 */
function* pieces(tracks: Record<TrackKind, TrackSpan[]>): Generator<TimelineSpan> {
  const places = { video: 0, audio: 0 };
  let at = Number.NEGATIVE_INFINITY;
  for (;;) {
    const video = spanFrom(tracks, 'video', places, at);
    const audio = spanFrom(tracks, 'audio', places, at);
    if (video === undefined && audio === undefined) return;
    const startUs = Math.max(at, Math.min(startOf(video), startOf(audio)));
    const isVideo = startOf(video) <= startUs;
    const isAudio = startOf(audio) <= startUs;
    at = Math.min(isVideo ? video!.endUs : startOf(video), isAudio ? audio!.endUs : startOf(audio));
    if (at === startUs) continue;
    const piece: TimelineSpan = { startUs, endUs: at, kinds: [], bytes: 0, reason: undefined };
    if (isVideo) addTo(piece, 'video', video!);
    if (isAudio) addTo(piece, 'audio', audio!);
    yield piece;
  }
}

/** The span of a track that ends after a time, or the next one. */
function spanFrom(
  tracks: Record<TrackKind, TrackSpan[]>,
  kind: TrackKind,
  places: Record<TrackKind, number>,
  us: number,
): TrackSpan | undefined {
  const spans = tracks[kind];
  while (places[kind] < spans.length && spans[places[kind]]!.endUs <= us) places[kind]++;
  return spans[places[kind]];
}

function startOf(span: TrackSpan | undefined): number {
  return span?.startUs ?? Number.POSITIVE_INFINITY;
}

function addTo(piece: TimelineSpan, kind: TrackKind, span: TrackSpan): void {
  piece.kinds.push(kind);
  piece.bytes += (span.bytes * (piece.endUs - piece.startUs)) / (span.endUs - span.startUs);
  if (span.startUs === piece.startUs) piece.reason ??= span.reason;
}
