import { ORIENTATIONS, type PictureOrientation } from '../media/picture-orientation.ts';

/**
 * What the header extension `urn:3gpp:video-orientation` says (3GPP TS 26.114 §7.4.5): of its bits
 * `0000CFRR` the flip and the rotation. Which camera it is (C) makes no difference.
 */
export function videoOrientation(byte: number): PictureOrientation {
  const rotation = byte & 0x03;
  const isMirrored = (byte & 0x04) !== 0;
  return ORIENTATIONS[isMirrored ? 4 + rotation : rotation]!;
}
