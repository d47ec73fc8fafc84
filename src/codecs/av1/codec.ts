import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { VideoCodec } from '../codec.ts';
import { KeyFrameReader } from '../key-frame-reader.ts';
import { BLANK_PICTURES } from './blank-picture.ts';
import { readAv1Configuration, readAv1SampleEntry } from './configuration.ts';
import { Av1Depacketizer } from './depacketizer.ts';
import { av1SampleProblem } from './sample-check.ts';

/** AV1 over RTP (AOM "RTP Payload Format For AV1"), stored as `av01`. */
export const av1: VideoCodec = {
  name: 'av1',
  kind: 'video',
  description: {
    encodingName: 'AV1',
    clockRate: VIDEO_TIMESCALE,
    inWords: 'AV1',
    // As browsers name it, whatever is sent: Live777 sends nothing of a stream of theirs without it.
    wanted: [{ 'level-idx': '5', profile: '0', tier: '0' }],
    rank: () => 1,
    // §7.2.1 of the payload format: the answer must not exceed the offer, so it repeats it.
    answerParameters: (parameters) => ({ ...parameters }),
  },
  createDepacketizer: (_format, emit) => new Av1Depacketizer(emit),
  pictureSize: ({ parts }) => readAv1Configuration(parts),
  createReader: () => new KeyFrameReader(readAv1Configuration),
  blank: () => BLANK_PICTURES,
  isNamedBy: (codecString) => codecString.startsWith('av01.'),
  readConfiguration: readAv1SampleEntry,
  sampleProblem: av1SampleProblem,
  // AV1 frames have no numbers that would reveal a missing one.
  createContinuityCheck: () => undefined,
};
