import type { AccessUnit } from './access-unit.ts';

/** Luma samples of a picture. */
export interface PictureSize {
  width: number;
  height: number;
}

/**
 * Reads the size of the pictures that begin with a keyframe.
 * @returns undefined where it does not tell
 */
export type PictureSizeReader = (keyframe: AccessUnit) => PictureSize | undefined;
