import { readFrameHeader } from './frame-header.ts';
import { LONGEST_INDEX, readSuperframeIndex } from './superframe.ts';

/**
 * Checks a sample: a frame or a superframe.
 * @param keyframe whether the container marks it as a sync sample
 * @returns what is wrong, or undefined
 */
export function vp9SampleProblem(sample: Buffer, keyframe: boolean): string | undefined {
  const sizes = readSuperframeIndex(sample.subarray(-LONGEST_INDEX)) ?? [sample.length];
  let at = 0;
  let isKey = false;
  for (const size of sizes) {
    const end = at + size;
    if (end > sample.length) return 'ends inside a frame';
    const header = readFrameHeader(sample.subarray(at, end));
    if (header === undefined) return 'has a frame whose header is damaged';
    if (at === 0) isKey = header.isKeyFrame;
    at = end;
  }
  if (keyframe && !isKey) return 'is flagged as a keyframe, but is not one';
  return isKey && !keyframe ? 'is a keyframe, but not flagged as one' : undefined;
}
