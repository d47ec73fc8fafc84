import type { BlankPictures } from '../configuration.ts';
import type { H265Configuration } from './configuration.ts';
import { H265ParameterSets } from './parameter-sets.ts';

// A black IDR picture of 320 × 180 in Main profile, from a standard encoder, and its parameter
// sets.
const VPS = 'QAEMAf//AWAAAAMAkAAAAwAAAwA8koCQ';
const SPS = 'QgEBAWAAAAMAkAAAAwAAAwA8oAoIC595ZKkkyvAWgIAAAAMAgAAADwQ=';
const PPS = 'RAHBcrRiQA==';
const PICTURE = Buffer.from(
  'KAGvCFleiPkp4//stZV/0NTWEZAtiwipDcgG6OdIWECTAAADAFsAADIAAAMAAAMAABlQ',
  'base64',
);

const PARTS = [PICTURE];

/** Black pictures in place of a camera that is off. */
export const BLANK_PICTURES: BlankPictures = {
  configuration: readConfiguration(),
  parts: () => PARTS,
};

function readConfiguration(): H265Configuration {
  const sets = new H265ParameterSets();
  sets.strip([...[VPS, SPS, PPS].map((set) => Buffer.from(set, 'base64')), PICTURE]);
  return sets.current()!;
}
