import type { AccessUnit } from '../../media/access-unit.ts';
import type { SoundReader } from '../codec.ts';
import { OpusConfiguration } from './configuration.ts';
import { opusPacketDuration } from './toc.ts';

/**
 * RTP always says two channels (RFC 7587 §7) and each packet may be mono or stereo; a decoder set up for
 * two plays both, so a switch needs no new Period.
 */
const CONFIGURATION = new OpusConfiguration(2);

/** Takes each packet as it is. */
export const OPUS_READER: SoundReader = {
  configuration: CONFIGURATION,
  toSample: (unit: AccessUnit) => unit.parts,
  durationOf: ([packet]) => packet && opusPacketDuration(packet),
};
