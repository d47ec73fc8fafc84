import type { AccessUnit } from '../../media/access-unit.ts';
import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { PictureSize } from '../../media/picture-size.ts';
import type { VideoCodec } from '../codec.ts';
import { BLANK_PICTURES } from './blank-picture.ts';
import { readH265SampleEntry } from './configuration.ts';
import { H265Depacketizer } from './depacketizer.ts';
import { NAL_TYPE, typeOf } from './nal-unit.ts';
import { H265PictureReader } from './picture-reader.ts';
import { h265Refusal } from './refusal.ts';
import { h265SampleProblem } from './sample-check.ts';
import { parseSequenceParameterSet } from './sps.ts';

/** H265 over RTP (RFC 7798), stored as `hvc1`. */
export const h265: VideoCodec = {
  name: 'h265',
  kind: 'video',
  description: {
    encodingName: 'H265',
    clockRate: VIDEO_TIMESCALE,
    inWords: 'H265 (one RTP stream, in decoding order)',
    // Main and Main 10 at level 6, the highest that browsers offer.
    wanted: ['1', '2'].map((profile) => ({
      'level-id': '180',
      'profile-id': profile,
      'tier-flag': '0',
    })),
    rank: (parameters) => (h265Refusal(parameters) === undefined ? 1 : 0),
    refusal: h265Refusal,
    // RFC 7798 §7.2.2: the answer repeats the parameters that make up the profile.
    answerParameters: (parameters) =>
      Object.fromEntries(
        // Descriptions of the sender's stream have no meaning in an answer.
        Object.entries(parameters).filter(([name]) => !name.startsWith('sprop-')),
      ),
  },
  createDepacketizer: (format, emit, keepIncomplete) =>
    new H265Depacketizer(format, emit, keepIncomplete),
  pictureSize,
  createReader: (formats) => new H265PictureReader(formats),
  blank: () => BLANK_PICTURES,
  isNamedBy: (codecString) => codecString.startsWith('hvc1.'),
  readConfiguration: readH265SampleEntry,
  sampleProblem: h265SampleProblem,
  // Its pictures are numbered in presentation order, in which numbers may be skipped.
  createContinuityCheck: () => undefined,
};

function pictureSize({ parts }: AccessUnit): PictureSize | undefined {
  const set = parts.find((part) => part.length > 0 && typeOf(part[0]!) === NAL_TYPE.sps);
  const parsed = set && parseSequenceParameterSet(set);
  return parsed && { width: parsed.width, height: parsed.height };
}
