import type { AccessUnit } from './access-unit.ts';

/** Size of a picture in luma samples. */
export interface PictureSize {
  width: number;
  height: number;
}

/** The shape of a sample of a picture: its width in relation to its height, each 1–65,535. */
export interface SampleAspectRatio {
  width: number;
  height: number;
}

/**
 * Reads the picture size of a keyframe.
 * @returns undefined if it is unknown
 */
export type PictureSizeReader = (keyframe: AccessUnit) => PictureSize | undefined;
