import type { AccessUnit } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import type { DepacketizerFactory } from '../media/depacketizer.ts';
import type { TrackTicks } from '../media/media-time.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import type { PictureSizeReader } from '../media/picture-size.ts';
import type { AudioConfiguration, BlankPictures, VideoConfiguration } from './configuration.ts';

/** What a session description says of a codec, and how it is negotiated. */
export interface CodecDescription {
  /** Encoding name as `a=rtpmap` has it; compared without case (RFC 8866 §6.6). */
  readonly encodingName: string;
  /** RTP clock rate in ticks a second. */
  readonly clockRate: number;
  /**
   * Channels in `a=rtpmap` where the codec has that parameter: always so many, or as the `fmtp` parameters
   * of a format say.
   */
  readonly channels?: number | ((parameters: Record<string, string>) => number | undefined);
  /** Payload type that the codec has for itself (RFC 3551 §6); absent: a dynamic one. */
  readonly payloadType?: number;
  /** What to call it when telling someone what could be recorded: `Opus (48000/2)`. */
  readonly inWords: string;
  /** `fmtp` parameters of the formats that we ask a server for, most wanted first. */
  readonly wanted: readonly Readonly<Record<string, string>>[];
  /**
   * True where its senders are to turn their pictures themselves, since no container that it is written
   * to says how they lie in a way that players agree on. Absent: no.
   */
  readonly isSentUpright?: boolean;
  /** How much we want a format with these parameters: the highest rank offered is taken; 0: not at all. */
  rank(parameters: Record<string, string>): number;
  /** Why a format with these parameters is not wanted, a sentence; undefined where it is. */
  refusal?(parameters: Record<string, string>): string | undefined;
  /** `fmtp` parameters of the answer, made of those of the offer. */
  answerParameters(parameters: Record<string, string>): Record<string, string>;
}

/** Channels that a format with these parameters has in `a=rtpmap`; undefined without any. */
export function channelsOf(
  { channels }: CodecDescription,
  parameters: Record<string, string>,
): number | undefined {
  return typeof channels === 'function' ? channels(parameters) : channels;
}

/** What a file says of a track of an unknown codec: the sample entry as its container has it. */
export interface ReadSampleEntry {
  readonly container: ContainerName;
  /** Four-character code (MP4) or CodecID (WebM). */
  readonly type: string;
  /** The payload of a box in the sample entry (MP4), or the CodecPrivate (WebM); undefined: none. */
  record(type: string): Buffer | undefined;
  /** Video: picture size in pixels; else 0. */
  readonly width: number;
  readonly height: number;
  /** Audio: channel count; else 0. */
  readonly channels: number;
}

/** What the rows of video and audio codecs have in common. */
interface AnyCodec {
  /** Name in `[recorder] codecs`, in payload formats and access units. */
  readonly name: string;
  readonly description: CodecDescription;
  readonly createDepacketizer: DepacketizerFactory;
  /** Whether an RFC 6381 codecs string is one of this codec. */
  isNamedBy(codecString: string): boolean;
  /**
   * Looks at one sample of a file as far as this goes without decoding it.
   * @param keyframe whether the container says that decoding can start here
   * @returns what is wrong, or undefined
   */
  sampleProblem(sample: Buffer, keyframe: boolean): string | undefined;
}

/** One video codec: a row of the registry. */
export interface VideoCodec extends AnyCodec {
  readonly kind: 'video';
  /** The size of the pictures that begin with a keyframe, to tell simulcast layers from each other. */
  readonly pictureSize: PictureSizeReader;
  /**
   * Begins to read the pictures of one publisher.
   * @param formats all that were negotiated of the track; what their parameters say is taken up
   */
  createReader(formats: readonly PayloadFormat[]): PictureReader;
  /**
   * Black pictures for a track that has none.
   * @param like configuration of the pictures before, if there were any; they need not be of that size
   */
  blank(like: VideoConfiguration | undefined): BlankPictures;
  /** The configuration that a file holds; undefined for another codec's, and for a damaged one. */
  readConfiguration(entry: ReadSampleEntry): VideoConfiguration | undefined;
  /**
   * Looks for pictures that are missing from a file among those that refer to them.
   * @returns undefined where the codec, or this stream of it, does not tell
   */
  createContinuityCheck(configuration: VideoConfiguration): ContinuityCheck | undefined;
}

/** One audio codec: a row of the registry. */
export interface AudioCodec extends AnyCodec {
  readonly kind: 'audio';
  /**
   * Begins to read the sound of one publisher.
   * @param formats all that were negotiated of the track
   */
  createReader(formats: readonly PayloadFormat[]): SoundReader;
  /** The configuration that a file holds; undefined for another codec's, and for a damaged one. */
  readConfiguration(entry: ReadSampleEntry): AudioConfiguration | undefined;
  /**
   * The configuration of a track of which only the channel count is known.
   * @returns undefined where that does not tell, or the codec has no configuration for that number
   */
  configurationOf(channels: number): AudioConfiguration | undefined;
}

/** One codec: a row of the registry. */
export type Codec = VideoCodec | AudioCodec;

/**
 * Makes samples of the access units of one publisher's pictures, and keeps what they say of their
 * configuration. Which of them decoding can start with, the depacketizer has said (`keyframe`).
 */
export interface PictureReader {
  /**
   * Takes the next access unit in decoding order.
   * @returns the parts of its sample, without what stands in the sample entry; empty where nothing is
   * left to show, or nothing that can be decoded
   */
  toSample(unit: AccessUnit): Buffer[];
  /**
   * The configuration that the keyframe taken last decodes with, or the picture that
   * {@link PictureReader.recover} was called with. The same object for as long as it is the same.
   * @returns undefined while it is not known
   */
  configuration(): VideoConfiguration | undefined;
  /**
   * What may come after a keyframe and be shown before it.
   * @param parts of its sample
   */
  leading(parts: readonly Buffer[]): LeadingKind;
  /**
   * Whether decoding can start with a picture that is no keyframe, so that what is shown is whole only
   * some pictures later (intra refresh). Always false where the codec has no such thing.
   * @param parts of its sample
   */
  isRecoveryPoint(parts: readonly Buffer[]): boolean;
  /**
   * Notes that decoding starts with such a picture.
   * @param parts of its sample
   */
  recover(parts: readonly Buffer[]): Recovery;
}

/**
 * Leading pictures come after one that decoding can start with and are shown before it. `decodable` ones
 * refer to it alone, `skipped` ones to what came before it, too: a decoder that starts there skips them.
 */
export type LeadingKind = 'none' | 'decodable' | 'skipped';

/** What is left until a decoder that began at a recovery point shows whole pictures. */
export interface Recovery {
  /**
   * Takes the next picture in decoding order, that of the recovery point first.
   * @param parts of its sample
   * @returns true when it is the first whole one
   */
  isWhole(parts: readonly Buffer[]): boolean;
}

/** Makes samples of the access units of one publisher's sound. */
export interface SoundReader {
  /** What a decoder has to be told; the same for as long as the track has this codec. */
  readonly configuration: AudioConfiguration;
  /** The parts of the sample that an access unit becomes. */
  toSample(unit: AccessUnit): Buffer[];
  /**
   * How long a sample lasts, in ticks of the codec's clock rate.
   * @returns undefined for one that is empty or breaks the codec's format
   */
  durationOf(parts: readonly Buffer[]): TrackTicks | undefined;
}

/** Follows the samples of a track of a file. */
export interface ContinuityCheck {
  /**
   * Takes the next sample in decoding order, in which nothing is wrong by itself.
   * @returns what is missing before it, or undefined
   */
  problem(sample: Buffer): string | undefined;
}
