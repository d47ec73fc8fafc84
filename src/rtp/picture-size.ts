import type { AccessUnit } from '../media/access-unit.ts';
import type { CodecName } from './media-section.ts';

/** Luma samples of a picture. */
export interface PictureSize {
  width: number;
  height: number;
}

/** Reads the size of the pictures that begin with a keyframe; undefined where it does not tell. */
export type PictureSizeReader = (codec: CodecName, keyframe: AccessUnit) => PictureSize | undefined;
