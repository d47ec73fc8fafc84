import type { ContainerName } from '../media/container-name.ts';
import type { Ticks } from '../media/media-time.ts';
import type { ColourDescription } from './colour-description.ts';

/** How a container names a codec, and what it tells a decoder before the first sample. */
export interface SampleEntry {
  /** Four-character code of the sample entry in MP4, CodecID in WebM. */
  readonly type: string;
  /**
   * What the decoder is told: in MP4 the box of that name inside the sample entry (`avcC`, `dOps`) with
   * its payload, in WebM the CodecPrivate, for which the name means nothing. Absent where it needs
   * nothing.
   */
  readonly record?: { readonly type: string; readonly data: Buffer };
}

/** What the codec configurations of video and audio have in common. */
interface AnyConfiguration {
  /** Name of the codec in the registry. */
  readonly codec: string;
  /** RFC 6381 codecs string: `avc1.42e01f`, `opus`. */
  readonly codecString: string;
  /** Ticks a second of the track in files: the codec's RTP clock rate. */
  readonly timescale: number;
  /** Containers that its samples can be written to, most wanted first; at least one. */
  readonly containers: readonly ContainerName[];
  /** In files each part of a sample has its length before it, in 32 bits (ISO/IEC 14496-15 §4.3.3). */
  readonly isLengthPrefixed: boolean;
  /**
   * How one of {@link AnyConfiguration.containers} has it. The same configuration always gives the same
   * bytes.
   * @throws RangeError for what the container cannot hold, and for a container that is not among them
   */
  sampleEntry(container: ContainerName): SampleEntry;
}

/** How far the order in which pictures are decoded may differ from the one they are shown in. */
export interface PictureReordering {
  /** Pictures, at most, that are decoded before one which is shown earlier than they: 0 to 16. */
  most: number;
  /** True when the stream says so, false when it is all that its level allows. */
  isDeclared: boolean;
}

/** The shape of a sample of a picture: its width in relation to its height, each 1–65,535. */
export interface SampleAspectRatio {
  width: number;
  height: number;
}

/** Pictures are shown in the order in which they are decoded. */
export const NOT_REORDERED: PictureReordering = { most: 0, isDeclared: true };

/** What a decoder of pictures has to be told before the first one: one initialization segment's worth. */
export interface VideoConfiguration extends AnyConfiguration {
  readonly kind: 'video';
  /** Picture width and height in pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  readonly reordering: PictureReordering;
  /** What the numbers of a picture stand for; absent where the stream does not say. */
  readonly colour?: ColourDescription;
  /** Absent where samples are square, as far as the stream says. */
  readonly sampleAspectRatio?: SampleAspectRatio;
  /**
   * What a decoder needs and samples leave out: NAL units without start codes. Absent where keyframes
   * carry all of it.
   */
  readonly parameterSets?: readonly Buffer[];
  /** True when pictures of the other one decode with this as well: one initialization segment will do. */
  equals(other: VideoConfiguration): boolean;
}

/** What a decoder of sound has to be told before the first packet. */
export interface AudioConfiguration extends AnyConfiguration {
  readonly kind: 'audio';
  readonly channels: number;
  /** Stands in for sound that was lost. */
  readonly silence: Silence;
  /** True when packets of the other one decode with this as well. */
  equals(other: AudioConfiguration): boolean;
}

/** What a decoder has to be told before the first sample of a track. */
export type Configuration = VideoConfiguration | AudioConfiguration;

/** Packets of silence of one audio configuration. */
export interface Silence {
  /** Usual duration of a packet. */
  readonly duration: Ticks;
  /**
   * The parts of one packet. They may be the same every time: they must not be written to.
   * @param duration for which it stands, at most one and a half times the usual one; a codec whose
   * packets may be cut off takes no notice
   */
  parts(duration: Ticks): Buffer[];
}

/** Black pictures of one configuration. */
export interface BlankPictures {
  readonly configuration: VideoConfiguration;
  /**
   * The parts of a picture, which is a keyframe. They may be the same every time: they must not be
   * written to.
   * @param index of the picture: one that follows another may have to differ from it
   */
  parts(index: number): Buffer[];
}
