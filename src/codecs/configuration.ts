import type { ContainerName } from '../media/container-name.ts';
import type { Ticks } from '../media/media-time.ts';
import type { SampleAspectRatio } from '../media/picture-size.ts';
import type { ColourDescription } from './colour-description.ts';

/** The description of a codec in a container: its name and the decoder configuration. */
export interface SampleEntry {
  /** Four-character code of the sample entry in MP4, CodecID in WebM. */
  readonly type: string;
  /**
   * The decoder configuration: in MP4 a box of this type in the sample entry (`avcC`, `dOps`), in
   * WebM the CodecPrivate, for which the type has no meaning. Absent for a codec without one.
   */
  readonly record?: { readonly type: string; readonly data: Buffer };
}

/** The common part of video and audio configurations. */
interface AnyConfiguration {
  /** Name of the codec in the registry. */
  readonly codec: string;
  /** Codecs string (RFC 6381): `avc1.42e01f`, `opus`. */
  readonly codecString: string;
  /** Timescale of the track in files, ticks per second: the codec's RTP clock rate. */
  readonly timescale: number;
  /** Containers for its samples in order of preference; at least one. */
  readonly containers: readonly ContainerName[];
  /**
   * In files, each part of a sample is preceded by its length in 32 bits (ISO/IEC 14496-15 §4.3.3).
   */
  readonly isLengthPrefixed: boolean;
  /**
   * Its sample entry in one of {@link AnyConfiguration.containers}. Equal configurations give the
   * same bytes.
   * @throws RangeError if the container is not one of these, or cannot represent the configuration
   */
  sampleEntry(container: ContainerName): SampleEntry;
}

/** How far the decoding order of pictures may differ from the presentation order. */
export interface PictureReordering {
  /** Maximum number of pictures that are decoded before one that is shown earlier: 0 to 16. */
  most: number;
  /** True if the stream declares it; false if it is the maximum for its level. */
  isDeclared: boolean;
}

/** Pictures are shown in decoding order. */
export const NOT_REORDERED: PictureReordering = { most: 0, isDeclared: true };

/** Decoder configuration of video: the content of an initialization segment. */
export interface VideoConfiguration extends AnyConfiguration {
  readonly kind: 'video';
  /** Picture size after cropping, pixels. */
  readonly width: number;
  readonly height: number;
  readonly reordering: PictureReordering;
  /** Absent if the stream does not describe its colours. */
  readonly colour?: ColourDescription;
  /** Absent if samples are square, as far as known. */
  readonly sampleAspectRatio?: SampleAspectRatio;
  /**
   * What a decoder needs and samples leave out: NAL units without start codes. Absent where keyframes
   * carry all of it.
   */
  readonly parameterSets?: readonly Buffer[];
  /**
   * True if pictures of the other one can be decoded with this: one initialization segment is
   * enough.
   */
  equals(other: VideoConfiguration): boolean;
}

/** Decoder configuration of audio. */
export interface AudioConfiguration extends AnyConfiguration {
  readonly kind: 'audio';
  readonly channels: number;
  /** Packets in place of lost sound. */
  readonly silence: Silence;
  /** True if packets of the other one can be decoded with this. */
  equals(other: AudioConfiguration): boolean;
}

/** Decoder configuration of a track. */
export type Configuration = VideoConfiguration | AudioConfiguration;

/** Packets of silence for an audio configuration. */
export interface Silence {
  /** Usual duration of a packet. */
  readonly duration: Ticks;
  /**
   * The parts of a packet. They may be shared between calls and must not be written to.
   * @param duration to fill, at most 1.5 times the usual one; ignored by codecs whose packets may
   * be cut off
   */
  parts(duration: Ticks): Buffer[];
}

/** Black pictures for a video configuration. */
export interface BlankPictures {
  readonly configuration: VideoConfiguration;
  /**
   * The parts of a picture, which is a keyframe. They may be shared between calls and must not be
   * written to.
   * @param index of the picture: consecutive ones may have to differ
   */
  parts(index: number): Buffer[];
}
