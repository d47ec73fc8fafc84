import { type PictureOrientation, UPRIGHT } from './picture-orientation.ts';
import type { PictureSize, SampleAspectRatio } from './picture-size.ts';

/** Size of pictures in samples, and the shape of these. */
export interface ShownSize extends PictureSize {
  /** Absent where samples are square. */
  readonly sampleAspectRatio?: SampleAspectRatio;
}

/** What pictures are shown in that are turned. */
export function shownSize(size: ShownSize, { clockwise }: PictureOrientation = UPRIGHT): ShownSize {
  const { width, height, sampleAspectRatio: shape } = size;
  if (clockwise % 180 === 0) return { width, height, ...(shape && { sampleAspectRatio: shape }) };
  const turned = shape && { width: shape.height, height: shape.width };
  return { width: height, height: width, ...(turned && { sampleAspectRatio: turned }) };
}
