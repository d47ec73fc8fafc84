import type { TrackKind } from '../media/access-unit.ts';
import type { DepacketizerFactory } from '../media/depacketizer.ts';
import type { PictureSizeReader } from '../media/picture-size.ts';
import { av1 } from './av1/codec.ts';
import type { AudioCodec, Codec, ReadSampleEntry, VideoCodec } from './codec.ts';
import type { Configuration } from './configuration.ts';
import { pcma, pcmu } from './g711/codec.ts';
import { h264 } from './h264/codec.ts';
import { h265 } from './h265/codec.ts';
import { multiopus } from './multiopus/codec.ts';
import { opus } from './opus/codec.ts';
import { vp8 } from './vp8/codec.ts';
import { vp9 } from './vp9/codec.ts';

/**
 * All codecs that can be recorded, in order of preference; `[recorder] codecs` may change the
 * order. A new codec is a folder and a row here, after those of its kind, so that it changes
 * nothing for publishers of the present ones.
 */
export const CODECS: readonly Codec[] = [h264, h265, av1, vp9, vp8, multiopus, opus, pcmu, pcma];

const BY_NAME = new Map(CODECS.map((codec) => [codec.name, codec]));

/** Their names, in order of preference. */
export const CODEC_NAMES: readonly string[] = CODECS.map(({ name }) => name);

/** The codecs with these names, in their order; unknown names are ignored. */
export function codecsNamed(names: readonly string[]): Codec[] {
  return names.flatMap((name) => BY_NAME.get(name) ?? []);
}

/** The codec with a name; undefined for `rtx` and unknown names. */
export function codecNamed(name: string): Codec | undefined {
  return BY_NAME.get(name);
}

/** The codec that a codecs string (RFC 6381) names; undefined if it is unknown. */
export function codecOfString(codecString: string): Codec | undefined {
  return CODECS.find((codec) => codec.isNamedBy(codecString));
}

/** The codec of a track of which nothing else is known: the most wanted one, of sound that of two channels. */
export function likelyCodec(kind: 'video'): VideoCodec;
export function likelyCodec(kind: 'audio'): AudioCodec;
export function likelyCodec(kind: TrackKind): Codec;
export function likelyCodec(kind: TrackKind): Codec {
  const isLikely = (codec: Codec) =>
    codec.kind === 'video' || codec.configurationOf(2) !== undefined;
  return CODECS.find((codec) => codec.kind === kind && isLikely(codec))!;
}

/** The codec of a payload format, which has the kind for which it was negotiated. */
export function videoCodec(name: string): VideoCodec {
  const codec = BY_NAME.get(name);
  if (codec?.kind !== 'video') throw new TypeError(`${name} is no video codec`);
  return codec;
}

/** See {@link videoCodec}. */
export function audioCodec(name: string): AudioCodec {
  const codec = BY_NAME.get(name);
  if (codec?.kind !== 'audio') throw new TypeError(`${name} is no audio codec`);
  return codec;
}

/**
 * The configuration of a track from the sample entry in its file; undefined if no codec recognizes
 * it.
 */
export function readConfiguration(entry: ReadSampleEntry): Configuration | undefined {
  for (const codec of CODECS) {
    const configuration = codec.readConfiguration(entry);
    if (configuration !== undefined) return configuration;
  }
  return undefined;
}

/** Creates the depacketizer of any codec. */
export const createDepacketizer: DepacketizerFactory = (format, emit, keepIncomplete) => {
  const codec = BY_NAME.get(format.codec);
  if (codec === undefined) {
    throw new TypeError(
      `payload type ${format.payloadType} (${format.codec}) has no depacketizer: pass the format it retransmits`,
    );
  }
  return codec.createDepacketizer(format, emit, keepIncomplete);
};

/** Reads the picture size of any codec. */
export const readPictureSize: PictureSizeReader = (keyframe) => {
  const codec = BY_NAME.get(keyframe.codec);
  return codec?.kind === 'video' ? codec.pictureSize(keyframe) : undefined;
};
