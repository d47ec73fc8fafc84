import type { AccessUnit } from '../../media/access-unit.ts';
import type { SoundReader } from '../codec.ts';
import { OpusConfiguration } from './configuration.ts';
import { opusPacketDuration } from './toc.ts';

/**
 * RTP always signals two channels (RFC 7587 §7), and each packet may be mono or stereo; a decoder
 * set up for two channels plays both, so a change needs no new Period.
 */
const CONFIGURATION = new OpusConfiguration(2);

/** Stores each packet unchanged. */
export const OPUS_READER: SoundReader = {
  configuration: CONFIGURATION,
  toSample: (unit: AccessUnit) => unit.parts,
  durationOf: ([packet]) => packet && opusPacketDuration(packet),
};
