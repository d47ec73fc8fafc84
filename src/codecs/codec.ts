import type { AccessUnit } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { DepacketizerFactory } from '../media/depacketizer.ts';
import type { TrackTicks } from '../media/media-time.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import type { PictureSizeReader } from '../media/picture-size.ts';
import type { AudioConfiguration, BlankPictures, VideoConfiguration } from './configuration.ts';

/** The SDP description of a codec, and its negotiation. */
export interface CodecDescription {
  /** Encoding name in `a=rtpmap`; not case-sensitive (RFC 8866 §6.6). */
  readonly encodingName: string;
  /** RTP clock rate, Hz. */
  readonly clockRate: number;
  /**
   * Channels in `a=rtpmap` where the codec has that parameter: always so many, or as the `fmtp` parameters
   * of a format say.
   */
  readonly channels?: number | ((parameters: Record<string, string>) => number | undefined);
  /** Static payload type of the codec (RFC 3551 §6); absent for a dynamic one. */
  readonly payloadType?: number;
  /** Name in messages about what can be recorded: `Opus (48000/2)`. */
  readonly inWords: string;
  /** `fmtp` parameters of the formats to offer to a server, in order of preference. */
  readonly wanted: readonly Readonly<Record<string, string>>[];
  /**
   * True where its senders are to turn their pictures themselves, since no container that it is written
   * to says how they lie in a way that players agree on. Absent: no.
   */
  readonly isSentUpright?: boolean;
  /**
   * Preference for a format with these parameters: the highest rank offered is accepted; 0 if it
   * cannot be recorded.
   */
  rank(parameters: Record<string, string>): number;
  /** Why a format with these parameters cannot be recorded, as a sentence; undefined if it can. */
  refusal?(parameters: Record<string, string>): string | undefined;
  /** `fmtp` parameters of the answer, derived from those of the offer. */
  answerParameters(parameters: Record<string, string>): Record<string, string>;
}

/** Channels that a format with these parameters has in `a=rtpmap`; undefined without any. */
export function channelsOf(
  { channels }: CodecDescription,
  parameters: Record<string, string>,
): number | undefined {
  return typeof channels === 'function' ? channels(parameters) : channels;
}

/** The description of a track of unknown codec in a file: the sample entry of its container. */
export interface ReadSampleEntry {
  readonly container: ContainerName;
  /** Four-character code (MP4) or CodecID (WebM). */
  readonly type: string;
  /**
   * The payload of a box in the sample entry (MP4), or the CodecPrivate (WebM); undefined if there
   * is none.
   */
  record(type: string): Buffer | undefined;
  /** Video: picture size in pixels; otherwise 0. */
  readonly width: number;
  readonly height: number;
  /** Audio: number of channels; otherwise 0. */
  readonly channels: number;
}

/** The common part of video and audio codecs. */
interface AnyCodec {
  /** Name in `[recorder] codecs`, in payload formats and access units. */
  readonly name: string;
  readonly description: CodecDescription;
  readonly createDepacketizer: DepacketizerFactory;
  /** Whether a codecs string (RFC 6381) names this codec. */
  isNamedBy(codecString: string): boolean;
  /**
   * Checks a sample in a file as far as possible without decoding it.
   * @param keyframe whether the container marks it as a sync sample
   * @returns what is wrong, or undefined
   */
  sampleProblem(sample: Buffer, keyframe: boolean): string | undefined;
}

/** A video codec: a row of the registry. */
export interface VideoCodec extends AnyCodec {
  readonly kind: 'video';
  /** Reads the picture size of a keyframe, to compare simulcast layers. */
  readonly pictureSize: PictureSizeReader;
  /**
   * Creates a reader for the pictures of a publisher.
   * @param formats all negotiated formats of the track; parameter sets in them are used
   */
  createReader(formats: readonly PayloadFormat[]): PictureReader;
  /**
   * Black pictures for a track without any.
   * @param like configuration of the previous pictures, if there were any; their size is used where the codec allows
   */
  blank(like: VideoConfiguration | undefined): BlankPictures;
  /** The configuration in a file; undefined if it is damaged or belongs to another codec. */
  readConfiguration(entry: ReadSampleEntry): VideoConfiguration | undefined;
  /**
   * Detects missing pictures in a file by the references between pictures.
   * @returns undefined if the codec, or this stream, does not permit that
   */
  createContinuityCheck(configuration: VideoConfiguration): ContinuityCheck | undefined;
}

/** An audio codec: a row of the registry. */
export interface AudioCodec extends AnyCodec {
  readonly kind: 'audio';
  /**
   * Creates a reader for the sound of a publisher.
   * @param formats all negotiated formats of the track
   */
  createReader(formats: readonly PayloadFormat[]): SoundReader;
  /** The configuration in a file; undefined if it is damaged or belongs to another codec. */
  readConfiguration(entry: ReadSampleEntry): AudioConfiguration | undefined;
  /**
   * The configuration of a track of which only the number of channels is known.
   * @returns undefined if that is not sufficient, or the codec does not support that number
   */
  configurationOf(channels: number): AudioConfiguration | undefined;
}

/** A codec: a row of the registry. */
export type Codec = VideoCodec | AudioCodec;

/**
 * Converts the access units of a publisher's pictures to samples, and tracks their configuration.
 * The depacketizer has marked those at which decoding can start (`keyframe`).
 */
export interface PictureReader {
  /**
   * Takes the next access unit in decoding order.
   * @returns the parts of its sample, without what is in the sample entry; empty if there is no
   * picture, or none that can be decoded
   */
  toSample(unit: AccessUnit): Buffer[];
  /**
   * The configuration for the last keyframe, or for the picture passed to
   * {@link PictureReader.recover}. The same object as long as it does not change.
   * @returns undefined while it is unknown
   */
  configuration(): VideoConfiguration | undefined;
  /**
   * What may come after a keyframe and be shown before it.
   * @param parts of its sample
   */
  leading(parts: readonly Buffer[]): LeadingKind;
  /**
   * Whether decoding can start at a picture that is not a keyframe, so that the picture is complete
   * only some pictures later (intra refresh). Always false for codecs without recovery points.
   * @param parts of its sample
   */
  isRecoveryPoint(parts: readonly Buffer[]): boolean;
  /**
   * Decoding starts at such a picture.
   * @param parts of its sample
   */
  recover(parts: readonly Buffer[]): Recovery;
}

/**
 * Leading pictures come after one that decoding can start with and are shown before it. `decodable` ones
 * refer to it alone, `skipped` ones to what came before it, too: a decoder that starts there skips them.
 */
export type LeadingKind = 'none' | 'decodable' | 'skipped';

/** Tracks the progress from a recovery point to the first complete picture. */
export interface Recovery {
  /**
   * Takes the next picture in decoding order, beginning with the recovery point.
   * @param parts of its sample
   * @returns true for the first complete picture
   */
  isWhole(parts: readonly Buffer[]): boolean;
}

/** Converts the access units of a publisher's sound to samples. */
export interface SoundReader {
  /** The decoder configuration; constant as long as the track has this codec. */
  readonly configuration: AudioConfiguration;
  /** The parts of an access unit's sample. */
  toSample(unit: AccessUnit): Buffer[];
  /**
   * Duration of a sample in ticks of the codec's clock rate.
   * @returns undefined if the sample is empty or malformed
   */
  durationOf(parts: readonly Buffer[]): TrackTicks | undefined;
}

/** Checks the sequence of samples of a track in a file. */
export interface ContinuityCheck {
  /**
   * Takes the next sample in decoding order, which is valid by itself.
   * @returns what is missing before it, or undefined
   */
  problem(sample: Buffer): string | undefined;
}
