import type { BlankPictures } from '../configuration.ts';
import { readVp9Configuration } from './configuration.ts';

// A black key frame of 320 × 180, from a standard encoder.
const PICTURE = Buffer.from('gkmDQgAT8As2ADgkHBhKAABQYfYwAABnGpqEndxam67fTRA=', 'base64');

const PARTS = [PICTURE];

/** Black pictures in place of a camera that is off. */
export const BLANK_PICTURES: BlankPictures = {
  configuration: readVp9Configuration(PARTS)!,
  parts: () => PARTS,
};
