import type { ContainerName } from '../../media/container-name.ts';
import { AUDIO_TIMESCALE } from '../../media/media-time.ts';
import type { ReadSampleEntry } from '../codec.ts';
import type { AudioConfiguration, SampleEntry, Silence } from '../configuration.ts';
import { opusSilence } from './silence.ts';

/** Opus with one or two channels: sample entry `Opus`. */
export class OpusConfiguration implements AudioConfiguration {
  readonly kind = 'audio';
  readonly codec = 'opus';
  readonly codecString = 'opus';
  readonly timescale = AUDIO_TIMESCALE;
  readonly containers: readonly ContainerName[] = ['mp4', 'webm'];
  readonly isLengthPrefixed = false;
  readonly channels: 1 | 2;
  readonly silence: Silence;

  constructor(channels: 1 | 2) {
    this.channels = channels;
    this.silence = opusSilence(channels);
  }

  equals(other: AudioConfiguration): boolean {
    return other.codec === this.codec && other.channels === this.channels;
  }

  /**
   * In MP4 `Opus` with `dOps` ("Encapsulation of Opus in ISO Base Media File Format" §4.3), in WebM
   * `A_OPUS` with an OpusHead (RFC 7845 §5.1). Pre-skip is 0, because a receiver joins a WebRTC
   * stream after the encoder's first packets and has nothing to skip.
   */
  sampleEntry(container: ContainerName): SampleEntry {
    if (container === 'webm') {
      const data = Buffer.alloc(19);
      data.write('OpusHead\x01', 'latin1'); // and its version
      data[9] = this.channels; // PreSkip 0
      data.writeUInt32LE(this.timescale, 12); // InputSampleRate; gain and mapping family 0
      return { type: 'A_OPUS', record: { type: 'OpusHead', data } };
    }
    const data = Buffer.alloc(11);
    data[1] = this.channels; // version 0, OutputChannelCount; PreSkip 0
    data.writeUInt32BE(this.timescale, 4); // InputSampleRate; gain and mapping family 0
    return { type: 'Opus', record: { type: 'dOps', data } };
  }
}

/** The configuration for a number of channels; undefined if it is not supported. */
export function opusConfiguration(channels: number): OpusConfiguration | undefined {
  return channels === 1 || channels === 2 ? new OpusConfiguration(channels) : undefined;
}

/** Parses the sample entry that {@link OpusConfiguration.sampleEntry} writes. */
export function readOpusConfiguration(entry: ReadSampleEntry): OpusConfiguration | undefined {
  if (entry.type !== (entry.container === 'mp4' ? 'Opus' : 'A_OPUS')) return undefined;
  return opusConfiguration(entry.channels);
}
