import type { AccessUnit } from '../../media/access-unit.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { PictureSize } from '../../media/picture-size.ts';
import type { VideoCodec } from '../codec.ts';
import { blankH264Pictures } from './blank-picture.ts';
import { H264Configuration, readH264Configuration } from './configuration.ts';
import { H264Depacketizer } from './depacketizer.ts';
import { FrameNumbers } from './frame-numbers.ts';
import { nalUnitType, SEQUENCE_PARAMETER_SET } from './nal-unit.ts';
import { H264PictureReader } from './picture-reader.ts';
import { h264SampleProblem } from './sample-check.ts';
import { parseSequenceParameterSet } from './sps.ts';

/** H264 over RTP (RFC 6184), stored as `avc1`. */
export const h264: VideoCodec = {
  name: 'h264',
  kind: 'video',
  description: {
    encodingName: 'H264',
    clockRate: VIDEO_TIMESCALE,
    inWords: 'H264 (packetization-mode 0 or 1)',
    // RFC 6184 §8.1: a server forwards what it receives, so every profile that browsers can decode
    // is requested: constrained baseline, baseline, main, constrained high, high.
    wanted: ['42e01f', '42001f', '4d001f', '640c1f', '64001f', '640032'].map((profile) => ({
      'level-asymmetry-allowed': '1',
      'packetization-mode': '1',
      'profile-level-id': profile,
    })),
    // RFC 6184 §6.3: mode 1 permits fragmentation and aggregation of NAL units; mode 2
    // (interleaved) sends out of decoding order and is not supported.
    rank: (parameters) => ({ '1': 2, '0': 1 })[parameters['packetization-mode'] ?? '0'] ?? 0,
    // RFC 6184 §8.2.2: profile and mode are symmetric, so the answer repeats the offer.
    answerParameters: (parameters) => {
      const answer = { ...parameters };
      // The sender's parameter sets have no meaning in an answer.
      delete answer['sprop-parameter-sets'];
      return answer;
    },
  },
  createDepacketizer: (format, emit, keepIncomplete) =>
    new H264Depacketizer(format, emit, keepIncomplete),
  pictureSize,
  createReader: (formats) => new H264PictureReader(formats),
  blank: blankH264Pictures,
  isNamedBy: (codecString) => codecString.startsWith('avc1.'),
  readConfiguration: readH264Configuration,
  sampleProblem: h264SampleProblem,
  createContinuityCheck: (configuration) => {
    const sps = configuration instanceof H264Configuration ? configuration.sps[0] : undefined;
    return sps && FrameNumbers.of(sps);
  },
};

function pictureSize({ parts }: AccessUnit): PictureSize | undefined {
  const set = parts.find((part) => nalUnitType(part) === SEQUENCE_PARAMETER_SET);
  const parsed = set && parseSequenceParameterSet(set);
  return parsed && { width: parsed.width, height: parsed.height };
}
