/** The headers of a chunk in a segment file. Times are ticks of the file's timescale. */
export interface ChunkFacts {
  /** Offset of the chunk in the file, bytes. */
  offset: number;
  /** Size of the whole chunk, bytes. */
  byteLength: number;
  /** Offset of its base time in the file, bytes; see `Chunk` in `container.ts`. */
  baseTimeOffset: number;
  /** Decoding time of the first sample. */
  startTime: number;
  /** Sum of the samples' durations. */
  duration: number;
  /**
   * Presentation time minus decoding time of each sample, including the track's composition delay;
   * undefined if all are 0.
   */
  compositionOffsets?: number[];
  sampleCount: number;
  /** Size of each sample in decoding order, bytes. */
  sampleSizes: number[];
  /** Duration of each sample. */
  sampleDurations: number[];
  /** Offset of each sample in the file, bytes. */
  sampleOffsets: number[];
  /** Indexes of the sync samples; empty if all samples are (audio). */
  keyframes: number[];
  /**
   * Decoding times of the sync samples, which are also the presentation times of these, or of the
   * first picture that leads them; empty if all samples are sync samples (audio).
   */
  keyframeTimes: number[];
}

/** The result of walking a segment file. */
export interface SegmentChunks {
  /** The complete chunks. */
  chunks: ChunkFacts[];
  /** Offset of the end of the last one, bytes. */
  validLength: number;
  /** What is wrong there, if that is not the end of the file. */
  problem?: string;
}

/**
 * The composition delay of a track, derived from a chunk that begins with a keyframe: the first
 * picture in presentation order is shown at the decoding time of the keyframe.
 * @returns ticks; undefined if the chunk does not begin with a keyframe, or ends before all leading
 * pictures are known
 */
export function compositionDelayOf(chunk: ChunkFacts): number | undefined {
  const { keyframes, compositionOffsets, sampleDurations } = chunk;
  if (keyframes[0] !== 0) return undefined;
  if (compositionOffsets === undefined) return 0;
  const keyframeShown = compositionOffsets[0]!;
  let decoded = 0;
  let first = keyframeShown;
  for (const [i, offset] of compositionOffsets.entries()) {
    const shown = decoded + offset;
    // Leading pictures precede everything that is shown after the keyframe.
    if (shown > keyframeShown) return first;
    first = Math.min(first, shown);
    decoded += sampleDurations[i]!;
  }
  return undefined;
}
