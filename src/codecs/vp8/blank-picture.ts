import type { BlankPictures } from '../configuration.ts';
import { readVp8Configuration } from './configuration.ts';

// A black key frame of 320 × 180, from a standard encoder.
const PICTURE = Buffer.from(
  '8A4AnQEqQAG0AABHCIWFiIWEiAICAAYWBPcGgWSfa9ubJzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7' +
    'Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7Jzh7' +
    'Jy4A/v+rUIA=',
  'base64',
);

const PARTS = [PICTURE];

/** Black pictures in place of a camera that is off. */
export const BLANK_PICTURES: BlankPictures = {
  configuration: readVp8Configuration(PARTS)!,
  parts: () => PARTS,
};
