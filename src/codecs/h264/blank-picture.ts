import { type H264Configuration, H264ParameterSets } from './parameter-sets.ts';

// A black picture of 320 × 180 in Constrained Baseline, as any encoder makes it: SPS, PPS, and two IDR
// pictures, which differ in their idr_pic_id as those that follow each other must (ITU-T H.264 §7.4.3).
const SPS = 'Z0LADdwUGfnwEQAAAwABAAADAAIPFCuA';
const PPS = 'aM4PLIA=';
const PICTURES = [
  Buffer.from(
    'ZYiEBKiYoAA4oycnJycnJycnJycnJycnJycnJydddddddddddddddddddddddddddddddddddddddddddddddddd' +
      'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd' +
      'ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddeA',
    'base64',
  ),
  Buffer.from(
    'ZYiCAXr//8PRQABV58nJycnJycnJycnJycnJycnJycnXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' +
      'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' +
      'XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXg',
    'base64',
  ),
];

/** What a decoder needs for {@link blankPicture}. */
export const BLANK_CONFIGURATION: H264Configuration = readConfiguration();

/**
 * The slice of a black picture, to stand in for a camera that is off; each is a keyframe. The same
 * buffers are returned every time: they must not be written to.
 * @param index of the picture: one that follows another differs from it
 */
export function blankPicture(index: number): Buffer {
  return PICTURES[index % 2]!;
}

function readConfiguration(): H264Configuration {
  const sets = new H264ParameterSets();
  sets.strip([Buffer.from(SPS, 'base64'), Buffer.from(PPS, 'base64'), PICTURES[0]!]);
  return sets.current()!;
}
