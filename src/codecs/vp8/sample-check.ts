import { isKeyFrame, readVp8Configuration } from './configuration.ts';

/** Size of the tag at the start of every frame (RFC 6386 §9.1), bytes. */
const FRAME_TAG_BYTES = 3;

/**
 * Checks a sample: one frame.
 * @param keyframe whether the container marks it as a sync sample
 * @returns what is wrong, or undefined
 */
export function vp8SampleProblem(sample: Buffer, keyframe: boolean): string | undefined {
  if (sample.length < FRAME_TAG_BYTES) return `is a frame of ${sample.length} bytes`;
  const isKey = isKeyFrame(sample[0]!);
  if (isKey && readVp8Configuration([sample]) === undefined)
    return 'has a damaged key frame header';
  // Size of the first partition, bits 5 to 23 of the tag.
  const firstPartition = sample.readUIntLE(0, FRAME_TAG_BYTES) >> 5;
  if (firstPartition > sample.length) return 'ends inside its first partition';
  if (keyframe && !isKey) return 'is flagged as a keyframe, but is not one';
  return isKey && !keyframe ? 'is a keyframe, but not flagged as one' : undefined;
}
