/** How the channels of a sound are coded in several Opus streams (RFC 7845 §5.1.1). */
export interface ChannelMapping {
  streams: number;
  /** How many of them, the first ones, have two channels. */
  coupled: number;
  /**
   * For each channel, in the order of Vorbis (RFC 7845 §5.1.1.2), which decoded one it is: 0 to streams +
   * coupled − 1, or 255 for silence.
   */
  channels: readonly number[];
}

/** Most channels that have a place in a room (RFC 7845 §5.1.1.2), and most that are decoded for them. */
export const MOST_CHANNELS = 8;

/** What libwebrtc's encoder is asked for: 5.1, and 7.1. */
export const SURROUND_PARAMETERS = [
  { channel_mapping: '0,4,1,2,3,5', num_streams: '4', coupled_streams: '2' },
  { channel_mapping: '0,6,1,2,3,4,5,7', num_streams: '5', coupled_streams: '3' },
] as const;

/**
 * What the `fmtp` parameters of `multiopus` say.
 * @returns undefined where they say none that can be written to a file
 */
export function readChannelMapping(parameters: Record<string, string>): ChannelMapping | undefined {
  const streams = Number(parameters.num_streams ?? Number.NaN);
  const coupled = Number(parameters.coupled_streams ?? Number.NaN);
  const channels = (parameters.channel_mapping ?? '').split(',').map(Number);
  const mapping = { streams, coupled, channels };
  return isChannelMapping(mapping) ? mapping : undefined;
}

/** Whether a mapping is one of surround sound: more than two channels, from streams that there are. */
export function isChannelMapping({ streams, coupled, channels }: ChannelMapping): boolean {
  const decoded = streams + coupled;
  return (
    Number.isInteger(streams) &&
    Number.isInteger(coupled) &&
    streams >= 1 &&
    coupled >= 0 &&
    coupled <= streams &&
    decoded <= MOST_CHANNELS &&
    channels.length > 2 &&
    channels.length <= MOST_CHANNELS &&
    channels.every(
      (from) => Number.isInteger(from) && from >= 0 && (from < decoded || from === 255),
    )
  );
}
