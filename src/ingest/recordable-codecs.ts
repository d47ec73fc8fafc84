import { parseSequenceParameterSet } from '../codecs/h264/sps.ts';
import type { AccessUnit, TrackKind } from '../media/access-unit.ts';
import type { CodecName, PayloadFormat } from '../rtp/media-section.ts';
import type { PictureSize, PictureSizeReader } from '../rtp/picture-size.ts';

/** nal_unit_type of ITU-T H.264 §7.4.1. */
const SEQUENCE_PARAMETER_SET = 7;

/** A codec that we can receive and write to files. */
export interface RecordableCodec {
  name: CodecName;
  kind: TrackKind;
  /** Encoding name as `a=rtpmap` has it; compared without case (RFC 8866 §6.6). */
  encodingName: string;
  /** What to call it when telling someone what could be recorded. */
  description: string;
  /** RTP clock rate in ticks a second. */
  clockRate: number;
  /** Channels in `a=rtpmap` where the codec has that parameter. */
  channels?: number;
  /** `fmtp` parameters of the formats that we ask a server for, most wanted first. */
  wanted: readonly Readonly<Record<string, string>>[];
  /** How much we want a format with these parameters: the highest rank offered is taken; 0: not at all. */
  rank(parameters: Record<string, string>): number;
  /** `fmtp` parameters of the answer, made of those of the offer. */
  answerParameters(parameters: Record<string, string>): Record<string, string>;
  /** The size of the pictures that begin with a keyframe, for video; undefined where it does not tell. */
  pictureSize?(keyframe: AccessUnit): PictureSize | undefined;
}

/** Everything that can be recorded. A new codec is a new row here and a depacketizer in `src/rtp`. */
export const RECORDABLE_CODECS: readonly RecordableCodec[] = [
  {
    name: 'h264',
    kind: 'video',
    encodingName: 'H264',
    description: 'H264 (packetization-mode 0 or 1)',
    clockRate: 90000,
    // RFC 6184 §8.1: a server forwards what it was sent, so each profile that decoders of browsers
    // have is asked for: constrained baseline, baseline, main, constrained high, high.
    wanted: ['42e01f', '42001f', '4d001f', '640c1f', '64001f', '640032'].map((profile) => ({
      'level-asymmetry-allowed': '1',
      'packetization-mode': '1',
      'profile-level-id': profile,
    })),
    // RFC 6184 §6.3: mode 1 lets large NAL units be fragmented and small ones be aggregated; mode 2
    // (interleaved) sends in another order than decoding order and is not depacketized.
    rank: (parameters) => ({ '1': 2, '0': 1 })[parameters['packetization-mode'] ?? '0'] ?? 0,
    // RFC 6184 §8.2.2: profile and mode are symmetric, so they are answered as offered.
    answerParameters: (parameters) => {
      const answer = { ...parameters };
      // Parameter sets of the sender mean nothing when they come from the receiver.
      delete answer['sprop-parameter-sets'];
      return answer;
    },
    pictureSize: ({ parts }) => {
      const set = parts.find((part) => (part[0]! & 0x1f) === SEQUENCE_PARAMETER_SET);
      return set && parseSequenceParameterSet(set);
    },
  },
  {
    name: 'opus',
    kind: 'audio',
    encodingName: 'opus',
    description: 'Opus (48000/2)',
    clockRate: 48000,
    channels: 2,
    wanted: [{ minptime: '10', useinbandfec: '1', stereo: '1' }],
    rank: () => 1,
    // RFC 7587 §6.1: these say what the receiver wants. Without stereo=1 a sender mixes down to mono.
    answerParameters: (parameters) => {
      const answer: Record<string, string> = { minptime: '10', useinbandfec: '1' };
      if (parameters.stereo === '1' || parameters['sprop-stereo'] === '1') answer.stereo = '1';
      return answer;
    },
  },
];

/** One payload type of an offer, of any codec. */
export interface OfferedFormat {
  payloadType: number;
  encodingName: string;
  clockRate: number;
  channels: number | undefined;
  /** `fmtp` parameters with lower-case names. */
  parameters: Record<string, string>;
}

/** Finds the row for a format, `undefined` when it cannot be recorded. */
export function recordableCodec(
  kind: TrackKind,
  format: OfferedFormat,
): RecordableCodec | undefined {
  return RECORDABLE_CODECS.find(
    (codec) =>
      codec.kind === kind &&
      codec.encodingName.toLowerCase() === format.encodingName.toLowerCase() &&
      codec.clockRate === format.clockRate &&
      // RFC 8866 §6.6: the parameter is of audio alone; some write `H264/90000/1`.
      (kind === 'video' || codec.channels === format.channels) &&
      codec.rank(format.parameters) > 0,
  );
}

/**
 * Chooses what to receive of a section: the formats of the codec that the offer prefers (it lists
 * them in order of preference, RFC 8866 §5.14) and of the highest rank of it, each followed by its
 * retransmission format (RFC 4588 §8.1). Empty when nothing can be recorded.
 */
export function chooseFormats(kind: TrackKind, offered: readonly OfferedFormat[]): PayloadFormat[] {
  const codec = offered.map((format) => recordableCodec(kind, format)).find(Boolean);
  if (codec === undefined) return [];
  const candidates = offered.filter((format) => recordableCodec(kind, format) === codec);
  const best = Math.max(...candidates.map((format) => codec.rank(format.parameters)));
  const chosen: PayloadFormat[] = [];
  for (const format of candidates) {
    if (codec.rank(format.parameters) !== best) continue;
    chosen.push({
      payloadType: format.payloadType,
      codec: codec.name,
      clockRate: codec.clockRate,
      ...(codec.channels === undefined ? {} : { channels: codec.channels }),
      parameters: format.parameters,
    });
    const retransmission = offered.find(
      (other) =>
        other.encodingName.toLowerCase() === 'rtx' &&
        other.clockRate === format.clockRate &&
        Number(other.parameters.apt) === format.payloadType,
    );
    if (retransmission === undefined) continue;
    chosen.push({
      payloadType: retransmission.payloadType,
      codec: 'rtx',
      clockRate: retransmission.clockRate,
      parameters: retransmission.parameters,
      retransmits: format.payloadType,
    });
  }
  return chosen;
}

/** Reads the size of a picture of any of these codecs. */
export const readPictureSize: PictureSizeReader = (codec, keyframe) => {
  const size = RECORDABLE_CODECS.find(({ name }) => name === codec)?.pictureSize?.(keyframe);
  return size && { width: size.width, height: size.height };
};
