import { AUDIO_TIMESCALE } from '../../media/media-time.ts';
import type { AudioCodec } from '../codec.ts';
import { PacketDepacketizer } from '../packet-depacketizer.ts';
import { opusConfiguration, readOpusConfiguration } from './configuration.ts';
import { OPUS_READER } from './sound-reader.ts';
import { opusPacketDuration } from './toc.ts';

/** Opus over RTP (RFC 7587). */
export const opus: AudioCodec = {
  name: 'opus',
  kind: 'audio',
  description: {
    encodingName: 'opus',
    clockRate: AUDIO_TIMESCALE,
    channels: 2,
    inWords: 'Opus (48000/2)',
    wanted: [{ minptime: '10', useinbandfec: '1', stereo: '1' }],
    rank: () => 1,
    // RFC 7587 §6.1: these parameters are the receiver's preferences. Without stereo=1, a sender
    // mixes down to mono.
    answerParameters: (parameters) => {
      const answer: Record<string, string> = { minptime: '10', useinbandfec: '1' };
      if (parameters.stereo === '1' || parameters['sprop-stereo'] === '1') answer.stereo = '1';
      return answer;
    },
  },
  createDepacketizer: (_format, emit) =>
    new PacketDepacketizer('opus', (packet) => opusPacketDuration(packet) !== undefined, emit),
  createReader: () => OPUS_READER,
  configurationOf: opusConfiguration,
  isNamedBy: (codecString) => codecString === 'opus',
  readConfiguration: readOpusConfiguration,
  sampleProblem: (sample) =>
    opusPacketDuration(sample) === undefined ? 'is not an Opus packet (RFC 6716 §3.4)' : undefined,
};
