import type { ContainerName } from '../../media/container-name.ts';
import { AUDIO_TIMESCALE, TICKS_PER_SECOND } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import type { AudioConfiguration, SampleEntry, Silence } from '../configuration.ts';
import { type ChannelMapping, isChannelMapping } from './channel-mapping.ts';

/** Bytes of `dOps` and of an OpusHead before the number of streams. */
const MAPPING_AT = { mp4: 11, webm: 19 } as const;

/** Opus of several streams, with a place in the room for each channel: channel mapping family 1. */
export class MultiopusConfiguration implements AudioConfiguration {
  readonly kind = 'audio';
  readonly codec = 'multiopus';
  readonly codecString = 'opus';
  readonly timescale = AUDIO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4', 'webm'];
  readonly isLengthPrefixed = false;
  readonly channels: number;
  readonly mapping: ChannelMapping;
  readonly silence: Silence;

  constructor(mapping: ChannelMapping) {
    this.mapping = mapping;
    this.channels = mapping.channels.length;
    const parts = [silentPacket(mapping)];
    this.silence = { duration: TICKS_PER_SECOND / 50, parts: () => parts };
  }

  equals(other: AudioConfiguration): boolean {
    return (
      other instanceof MultiopusConfiguration &&
      mappingBytes(other.mapping).equals(mappingBytes(this.mapping))
    );
  }

  /** As `OpusConfiguration.sampleEntry`, with the mapping behind it (RFC 7845 §5.1.1). */
  sampleEntry(container: ContainerName): SampleEntry {
    const head = Buffer.alloc(MAPPING_AT[container]);
    if (container === 'webm') {
      head.write('OpusHead\x01', 'latin1');
      head[9] = this.channels;
      head.writeUInt32LE(this.timescale, 12);
    } else {
      head[1] = this.channels;
      head.writeUInt32BE(this.timescale, 4);
    }
    head[head.length - 1] = 1; // mapping family
    const data = Buffer.concat([head, mappingBytes(this.mapping)]);
    if (container === 'webm') return { type: 'A_OPUS', record: { type: 'OpusHead', data } };
    return { type: 'Opus', record: { type: 'dOps', data } };
  }
}

/** Reads the configuration back that {@link MultiopusConfiguration.sampleEntry} was written of. */
export function readMultiopusConfiguration(
  entry: ReadSampleEntry,
): MultiopusConfiguration | undefined {
  const { container, type } = entry;
  if (type !== (container === 'mp4' ? 'Opus' : 'A_OPUS')) return undefined;
  const data = entry.record(container === 'mp4' ? 'dOps' : 'OpusHead');
  const at = MAPPING_AT[container];
  if (data === undefined || data.length < at + 2 || data[at - 1] !== 1) return undefined;
  const mapping = {
    streams: data[at]!,
    coupled: data[at + 1]!,
    channels: [...data.subarray(at + 2)],
  };
  const count = data[container === 'mp4' ? 1 : 9];
  return count === mapping.channels.length && isChannelMapping(mapping)
    ? new MultiopusConfiguration(mapping)
    : undefined;
}

function mappingBytes({ streams, coupled, channels }: ChannelMapping): Buffer {
  return Buffer.from([streams, coupled, ...channels]);
}

/** 20 ms of digital silence of each stream, see `opusSilence`; all but the last with their length. */
function silentPacket({ streams, coupled }: ChannelMapping): Buffer {
  const packets = Array.from({ length: streams }, (_, stream) => {
    const toc = stream < coupled ? 0xfc : 0xf8;
    return stream < streams - 1 ? [toc, 2, 0xff, 0xfe] : [toc, 0xff, 0xfe];
  });
  return Buffer.from(packets.flat());
}
