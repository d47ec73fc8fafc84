import { trackFormat } from '../containers/track-format.ts';
import { webm } from '../containers/webm/container.ts';
import { type Cue, wholeFileStart } from '../containers/webm/whole-file.ts';
import type { TrackKind } from '../media/access-unit.ts';
import { toUs } from '../media/media-time.ts';
import type { Sample } from '../media/sample.ts';
import type { ExportPart } from './export-part.ts';
import type { Layout } from './stretches.ts';
import type { Piece, TrackPieces } from './track-pieces.ts';

/** A cluster of the file: the samples of a piece, each shifted to time of the export, ms. */
interface Cluster {
  kind: TrackKind;
  piece: Piece;
  time: number;
  byteLength: number;
}

/**
 * Puts a WebM file together (RFC 9559): the samples of each piece are a cluster, and what players need before
 * is in front. WebM has no edit lists, so the file has to begin with a keyframe.
 * @param layout that begins at a keyframe, see `beginAtKeyframe`
 */
export function webmExport(
  video: TrackPieces,
  audio: TrackPieces,
  { duration }: Pick<Layout, 'duration'>,
): ExportPart[] {
  const largest = Math.max(0, ...[...video.pieces, ...audio.pieces].map(largestSample));
  // Stands in for each payload while sizes are counted.
  const payload = Buffer.alloc(largest);
  const clusters: Cluster[] = [];
  for (const [kind, { pieces }] of [
    ['video', video],
    ['audio', audio],
  ] as const) {
    for (const piece of pieces) {
      const samples = samplesOf(piece, payload);
      // What is before the first picture would not be in step with anything.
      if (samples.length === 0) continue;
      const { byteLength } = chunkOf(kind, samples);
      clusters.push({ kind, piece, time: samples[0]!.time, byteLength });
    }
  }
  clusters.sort((a, b) => a.time - b.time);
  const cues: Cue[] = [];
  let clusterBytes = 0;
  for (const { kind, piece, time, byteLength } of clusters) {
    const beginsWithKeyframe = piece.recorded.keyframes.includes(piece.first);
    if (kind === 'video' && beginsWithKeyframe) cues.push({ time, start: clusterBytes });
    clusterBytes += byteLength;
  }
  const tracks = [video, audio].flatMap(({ pieces: [first] }) => {
    if (first === undefined) return [];
    const { configuration, orientation } = first.recorded.initialization;
    return [trackFormat(webm, configuration, { orientation })];
  });
  const durationMs = toUs(duration) / 1000;
  const data = wholeFileStart({ tracks, durationMs, cues, clusterBytes });
  return [
    { data, byteLength: data.length },
    ...clusters.map(({ kind, piece, byteLength }) => ({
      byteLength,
      expand: () => partsOf(kind, piece, payload),
    })),
  ];
}

/** A cluster as headers and the payload between them, which is in the recorded file. */
function partsOf(kind: TrackKind, piece: Piece, payload: Buffer): ExportPart[] {
  const { recorded } = piece;
  const { segment, places, sizes } = recorded;
  const samples = samplesOf(piece, payload);
  let sample = piece.end - samples.length;
  return chunkOf(kind, samples).buffers.map((data): ExportPart => {
    if (data.buffer !== payload.buffer) return { data, byteLength: data.length };
    const part = { kind, segment, offset: places[sample]!, byteLength: sizes[sample]! };
    sample++;
    return part;
  });
}

function chunkOf(kind: TrackKind, samples: Sample[]) {
  return webm.chunk({ kind, isLengthPrefixed: false, sequenceNumber: 1, samples });
}

/** The samples of a piece that begin with the export or later, times in ms. */
function samplesOf({ recorded, first, end, position }: Piece, payload: Buffer): Sample[] {
  const { durations, sizes, initialization, keyframes } = recorded;
  const isSound = initialization.configuration.kind === 'audio';
  const milliseconds = (ticks: number) => Math.round((ticks / initialization.timescale) * 1000);
  const samples: Sample[] = [];
  let at = position;
  for (let sample = first; sample < end; sample++) {
    const time = Math.max(0, milliseconds(at));
    // The wall clock that the export begins at is rounded.
    const isBefore = milliseconds(at) < -1;
    at += durations[sample]!;
    if (isBefore) continue;
    samples.push({
      time,
      duration: Math.max(0, milliseconds(at) - time),
      keyframe: isSound || keyframes.includes(sample),
      parts: [payload.subarray(0, sizes[sample]!)],
    });
  }
  return samples;
}

function largestSample({ recorded, first, end }: Piece): number {
  return recorded.sizes.subarray(first, end).reduce((most, size) => Math.max(most, size), 0);
}
