import type { BlankPictures } from '../configuration.ts';
import { readAv1Configuration } from './configuration.ts';

// A black key frame of 320 × 180 with its sequence header, from a standard encoder.
const PICTURE = Buffer.from(
  'CgsAAAAEPP7M2vkAQDJBEACQABRRRQoJIMG4n0PbCVDY3/24SODUfcR4y23WJFHEnw5rbGP8FcUmpVv4P2ib' +
    'qvg39r8KlC0IM1oeWd64FIA=',
  'base64',
);

const PARTS = [PICTURE];

/** Black pictures in place of a camera that is off. */
export const BLANK_PICTURES: BlankPictures = {
  configuration: readAv1Configuration(PARTS)!,
  parts: () => PARTS,
};
