import { isShownKeyFrame, OBU_TYPE, readObuHeader } from './obu.ts';

/**
 * Checks a sample: a temporal unit of OBUs with size fields.
 * @param keyframe whether the container marks it as a sync sample
 * @returns what is wrong, or undefined
 */
export function av1SampleProblem(sample: Buffer, keyframe: boolean): string | undefined {
  let hasSequenceHeader = false;
  let firstFrame: number | undefined;
  for (let at = 0; at < sample.length; ) {
    const header = readObuHeader(sample, at);
    if (header?.size === undefined) return 'has an OBU without a size, or with a damaged header';
    const start = at + header.bytes;
    at = start + header.size;
    if (at > sample.length) return 'ends inside an OBU';
    if (header.type === OBU_TYPE.sequenceHeader) hasSequenceHeader = true;
    if (header.type === OBU_TYPE.frame || header.type === OBU_TYPE.frameHeader) {
      firstFrame ??= sample[start] ?? 0;
    }
  }
  if (firstFrame === undefined) return 'has no frame';
  const isKey = hasSequenceHeader && isShownKeyFrame(firstFrame);
  if (keyframe && !isKey) return 'is flagged as a keyframe, but is not one';
  return isKey && !keyframe ? 'is a keyframe, but not flagged as one' : undefined;
}
