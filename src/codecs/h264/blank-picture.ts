import type { BlankPictures } from '../configuration.ts';
import type { H264Configuration } from './configuration.ts';
import { H264ParameterSets } from './parameter-sets.ts';

// A black picture of 320 × 180 in Constrained Baseline, from a standard encoder: SPS, PPS, and two
// IDR pictures whose idr_pic_id differ, as required of consecutive ones (ITU-T H.264 §7.4.3).
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
const PARTS = PICTURES.map((slice) => [slice]);

/** Black pictures in place of a camera that is off. */
export const BLANK_PICTURES: BlankPictures = {
  configuration: readConfiguration(),
  parts: (index) => PARTS[index % 2]!,
};

function readConfiguration(): H264Configuration {
  const sets = new H264ParameterSets();
  sets.strip([Buffer.from(SPS, 'base64'), Buffer.from(PPS, 'base64'), PICTURES[0]!]);
  return sets.current()!;
}
