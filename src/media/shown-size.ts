import { type PictureOrientation, UPRIGHT } from './picture-orientation.ts';
import type { PictureSize } from './picture-size.ts';

/** The size that pictures are shown in. */
export function shownSize(
  { width, height }: PictureSize,
  { clockwise }: PictureOrientation = UPRIGHT,
): PictureSize {
  const isUpright = clockwise % 180 === 0;
  return isUpright ? { width, height } : { width: height, height: width };
}
