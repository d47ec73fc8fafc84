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
  /** Byte offset in the file of each sample. */
  sampleOffsets: number[];
  /** Indexes of the sync samples; empty if all samples are (audio). */
  keyframes: number[];
  /**
   * Decode times of the samples where decoding can start, which are also when they are shown, or the
   * first of the pictures that lead them; empty where all samples are such (audio).
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
 * What composition offsets of a track have been raised by, as a chunk that begins with a keyframe tells:
 * the first of its pictures is shown at the decode time of that one.
 * @returns ticks; undefined where it does not begin with one, or ends before it is known what leads it
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
    // What leads a keyframe comes before all that is shown after it.
    if (shown > keyframeShown) return first;
    first = Math.min(first, shown);
    decoded += sampleDurations[i]!;
  }
  return undefined;
}
