import { AUDIO_TIMESCALE } from '../../media/media-time.ts';
import type { PayloadFormat } from '../../media/payload-format.ts';
import type { AudioCodec } from '../codec.ts';
import { PacketDepacketizer } from '../packet-depacketizer.ts';
import {
  type ChannelMapping,
  MOST_CHANNELS,
  readChannelMapping,
  SURROUND_PARAMETERS,
} from './channel-mapping.ts';
import { MultiopusConfiguration, readMultiopusConfiguration } from './configuration.ts';
import { multistreamDuration } from './multistream.ts';

/** Surround sound of several Opus streams in a packet, as libwebrtc sends it (RFC 7845 §5.1.1.2). */
export const multiopus: AudioCodec = {
  name: 'multiopus',
  kind: 'audio',
  description: {
    encodingName: 'multiopus',
    clockRate: AUDIO_TIMESCALE,
    channels: (parameters) => readChannelMapping(parameters)?.channels.length,
    inWords: 'multiopus (48000, 3 to 8 channels)',
    wanted: SURROUND_PARAMETERS,
    rank: (parameters) => (readChannelMapping(parameters) === undefined ? 0 : 1),
    answerParameters: ({ channel_mapping = '', num_streams = '', coupled_streams = '' }) => ({
      ...{ channel_mapping, num_streams, coupled_streams, minptime: '10', useinbandfec: '1' },
    }),
  },
  createDepacketizer: (format, emit) => {
    const { streams } = mappingOf([format]);
    return new PacketDepacketizer(
      'multiopus',
      (packet) => multistreamDuration(packet, streams) !== undefined,
      emit,
    );
  },
  createReader(formats) {
    const mapping = mappingOf(formats);
    return {
      configuration: new MultiopusConfiguration(mapping),
      toSample: (unit) => unit.parts,
      durationOf: ([packet]) => packet && multistreamDuration(packet, mapping.streams),
    };
  },
  // The number of channels does not tell how they are coded.
  configurationOf: () => undefined,
  // In files it is Opus, of which the configuration tells how many streams there are.
  isNamedBy: () => false,
  readConfiguration: readMultiopusConfiguration,
  // How many streams there are is not known here.
  sampleProblem: (sample) => {
    for (let streams = 1; streams <= MOST_CHANNELS; streams++) {
      if (multistreamDuration(sample, streams) !== undefined) return undefined;
    }
    return 'is not a packet of several Opus streams (RFC 7845 §3)';
  },
};

/** @throws TypeError for formats without a mapping, which are not taken */
function mappingOf([format]: readonly PayloadFormat[]): ChannelMapping {
  const mapping = format && readChannelMapping(format.parameters);
  if (mapping === undefined) throw new TypeError('multiopus without a channel mapping');
  return mapping;
}
