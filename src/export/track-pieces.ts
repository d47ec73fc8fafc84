import type { TrackKind } from '../media/access-unit.ts';
import { TICKS_PER_SECOND, type Ticks } from '../media/media-time.ts';
import type { RecordedStretch } from './read-samples.ts';
import type { RecordedSamples } from './recorded-samples.ts';

/** Samples of one chunk that go into an export: they lie one behind the other in their file. */
export interface Piece {
  recorded: RecordedSamples;
  /** Numbers of the first sample, and of the one behind the last. */
  first: number;
  end: number;
  /** When the first is decoded: time of the export in ticks of the track; below 0 what is not shown. */
  position: number;
}

/** The pieces of a track, and the sample that it is seen or heard from. */
export interface TrackPieces {
  pieces: Piece[];
  /**
   * The picture that is shown when the export begins, and by how many ticks later than it was.
   * Undefined where nothing was shown then, and for sound.
   */
  shown?: { recorded: RecordedSamples; sample: number; late: number };
}

/** What a decoder of sound is given before what is to be heard, to converge: 80 ms (RFC 7845 §4.6). */
const SOUND_PRE_ROLL: Ticks = (TICKS_PER_SECOND * 80) / 1000;
/** Pictures, at most, that are decoded before one which is shown earlier than they. */
const MOST_REORDERED = 16;

/**
 * Chooses the samples of a track. Pictures begin at the keyframe at or before the first one that is
 * shown; a stretch without a keyframe there begins at its next one.
 */
export function trackPieces(stretches: readonly RecordedStretch[], kind: TrackKind): TrackPieces {
  const track: TrackPieces = { pieces: [] };
  for (const [i, stretch] of stretches.entries()) {
    const samples = stretch.samples[kind];
    if (samples === undefined) continue;
    if (kind === 'audio') addSound(track, samples, stretch, i === 0 ? SOUND_PRE_ROLL : 0);
    else addPictures(track, samples, stretch, i === 0);
  }
  return track;
}

function addSound(
  track: TrackPieces,
  samples: readonly RecordedSamples[],
  stretch: RecordedStretch,
  preRoll: Ticks,
): void {
  const { from, to, base, tick } = placeOf(samples, stretch);
  for (const recorded of samples) {
    for (const piece of piecesOf(recorded, 0, to)) {
      dropEarlier(piece, from - preRoll / tick);
      if (piece.first < piece.end) track.pieces.push({ ...piece, position: piece.position + base });
    }
  }
}

function addPictures(
  track: TrackPieces,
  samples: readonly RecordedSamples[],
  stretch: RecordedStretch,
  isFirst: boolean,
): void {
  const { from, to, base } = placeOf(samples, stretch);
  const begin = pictureToBeginAt(samples, from);
  const used = samples.slice(begin.place);
  if (isFirst) {
    const shown = pictureShownAt(used, begin.sample, from);
    if (shown !== undefined) track.shown = shown;
  }
  for (const [place, recorded] of used.entries()) {
    for (const piece of piecesOf(recorded, place === 0 ? begin.sample : 0, to)) {
      track.pieces.push({ ...piece, position: piece.position + base });
    }
  }
}

/** Where a stretch lies in ticks of a track, and what takes its media time to time of the export. */
function placeOf(samples: readonly RecordedSamples[], { from, to, position }: RecordedStretch) {
  const tick = TICKS_PER_SECOND / samples[0]!.initialization.timescale;
  const start = Math.round(from / tick);
  const base = Math.round(position / tick) - start;
  return { from: start, to: Math.round(to / tick), base, tick };
}

/** The samples of a segment that begin, or are shown, before a time, chunk by chunk; placed on media time. */
function* piecesOf(recorded: RecordedSamples, from: number, to: number): Generator<Piece> {
  const { chunks, sizes, durations } = recorded;
  const end = endOf(recorded, to);
  for (const [i, { first, startTime }] of chunks.entries()) {
    const behind = Math.min(end, chunks[i + 1]?.first ?? sizes.length);
    if (behind <= from || behind <= first) continue;
    let position = startTime;
    const begin = Math.max(first, from);
    for (let sample = first; sample < begin; sample++) position += durations[sample]!;
    yield { recorded, first: begin, end: behind, position };
  }
}

/** Number of the sample behind the last that is needed for what is shown before a time. */
function endOf(recorded: RecordedSamples, to: number): number {
  const { startTime, duration } = recorded.segment;
  if (startTime >= to) return 0;
  if (startTime + duration <= to) return recorded.sizes.length;
  let end = 0;
  let beyond = 0;
  for (const { sample, time, shown } of timesOf(recorded)) {
    if (time < to || shown < to) end = sample + 1;
    if (time >= to && ++beyond > MOST_REORDERED) break;
  }
  return end;
}

/** Takes packets out of a piece that end at or before a time. */
function dropEarlier(piece: Piece, time: number): void {
  const { durations } = piece.recorded;
  while (piece.first < piece.end && piece.position + durations[piece.first]! <= time) {
    piece.position += durations[piece.first]!;
    piece.first++;
  }
}

/** The last keyframe that is shown at or before a time; else the first one; else the first picture. */
function pictureToBeginAt(samples: readonly RecordedSamples[], time: number) {
  let begin: { place: number; sample: number } | undefined;
  for (const [place, recorded] of samples.entries()) {
    if (begin !== undefined && recorded.segment.startTime > time) break;
    if (recorded.keyframes.length === 0) continue;
    const keyframes = new Set(recorded.keyframes);
    for (const { sample, shown } of timesOf(recorded)) {
      if (!keyframes.has(sample)) continue;
      if (begin === undefined || shown <= time) begin = { place, sample };
    }
  }
  return begin ?? { place: 0, sample: 0 };
}

/** The picture that is on show at a time, from a keyframe on. */
function pictureShownAt(
  samples: readonly RecordedSamples[],
  first: number,
  at: number,
): TrackPieces['shown'] {
  let best: TrackPieces['shown'];
  let beyond = 0;
  for (const [place, recorded] of samples.entries()) {
    for (const { sample, time, shown } of timesOf(recorded)) {
      if (place === 0 && sample < first) continue;
      if (shown <= at && at - shown <= (best?.late ?? Number.POSITIVE_INFINITY)) {
        best = { recorded, sample, late: at - shown };
      }
      if (time > at && ++beyond > MOST_REORDERED) return best;
    }
  }
  return best;
}

/** Each sample with the times at which it is decoded and shown, ticks. */
function* timesOf(recorded: RecordedSamples) {
  const { chunks, durations, compositionOffsets } = recorded;
  for (const [i, { first, startTime }] of chunks.entries()) {
    const end = chunks[i + 1]?.first ?? durations.length;
    let time = startTime;
    for (let sample = first; sample < end; sample++) {
      yield { sample, time, shown: time + (compositionOffsets?.[sample] ?? 0) };
      time += durations[sample]!;
    }
  }
}
