/** What the headers of one chunk in a segment file say. Times are ticks at the file's timescale. */
export interface ChunkFacts {
  /** Byte offset of the chunk in the file. */
  offset: number;
  /** Bytes of the whole chunk. */
  byteLength: number;
  /** Byte offset in the file of its base time, see `Chunk` in `container.ts`. */
  baseTimeOffset: number;
  /** Decode time of the first sample. */
  startTime: number;
  /** Sum of the samples' durations. */
  duration: number;
  /**
   * How much later than its decode time each sample is shown, the track's composition delay included;
   * undefined where no sample is shown at another time.
   */
  compositionOffsets?: number[];
  sampleCount: number;
  /** Bytes of each sample, in decoding order. */
  sampleSizes: number[];
  /** Duration of each sample. */
  sampleDurations: number[];
  /** Byte offset in the file of each sample. */
  sampleOffsets: number[];
  /** Places among the samples where decoding can start; empty where all samples are such (audio). */
  keyframes: number[];
  /**
   * Decode times of the samples where decoding can start, which are also when they are shown, or the
   * first of the pictures that lead them; empty where all samples are such (audio).
   */
  keyframeTimes: number[];
}

/** What a walk through a segment file has found. */
export interface SegmentChunks {
  /** The whole chunks. */
  chunks: ChunkFacts[];
  /** Bytes up to the end of the last of them. */
  validLength: number;
  /** Where that is not the end of the file, what is wrong there. */
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
