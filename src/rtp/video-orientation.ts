import { ORIENTATIONS, type PictureOrientation } from '../media/picture-orientation.ts';

/**
 * Parses the header extension `urn:3gpp:video-orientation` (3GPP TS 26.114 §7.4.5): flip and
 * rotation of its bits `0000CFRR`. The camera (C) is ignored.
 */
export function videoOrientation(byte: number): PictureOrientation {
  const rotation = byte & 0x03;
  const isMirrored = (byte & 0x04) !== 0;
  return ORIENTATIONS[isMirrored ? 4 + rotation : rotation]!;
}
