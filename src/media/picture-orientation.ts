/** How a picture, as it is decoded, is to be shown: mirrored, if at all, and then turned. */
export interface PictureOrientation {
  /** Degrees to turn it by, clockwise. */
  readonly clockwise: 0 | 90 | 180 | 270;
  /** Left and right are to be swapped before that. */
  readonly isMirrored: boolean;
}

/** As it is decoded. */
export const UPRIGHT: PictureOrientation = { clockwise: 0, isMirrored: false };

/** All there are. Always these objects are used, so that orientations can be compared as they are. */
export const ORIENTATIONS: readonly PictureOrientation[] = [
  UPRIGHT,
  { clockwise: 90, isMirrored: false },
  { clockwise: 180, isMirrored: false },
  { clockwise: 270, isMirrored: false },
  { clockwise: 0, isMirrored: true },
  { clockwise: 90, isMirrored: true },
  { clockwise: 180, isMirrored: true },
  { clockwise: 270, isMirrored: true },
];
