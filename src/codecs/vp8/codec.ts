import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { VideoCodec } from '../codec.ts';
import { KeyFrameReader } from '../key-frame-reader.ts';
import { blankVp8Pictures } from './blank-picture.ts';
import { readVp8Configuration, readVp8SampleEntry } from './configuration.ts';
import { Vp8Depacketizer } from './depacketizer.ts';
import { vp8SampleProblem } from './sample-check.ts';

/** VP8 over RTP (RFC 7741), stored as `V_VP8`. */
export const vp8: VideoCodec = {
  name: 'vp8',
  kind: 'video',
  description: {
    encodingName: 'VP8',
    clockRate: VIDEO_TIMESCALE,
    inWords: 'VP8',
    wanted: [{}],
    // Chromium turns a roll of WebM the other way round.
    isSentUpright: true,
    rank: () => 1,
    // RFC 7741 §6.2.1: max-fr and max-fs are limits of a receiver, and we have none.
    answerParameters: () => ({}),
  },
  createDepacketizer: (_format, emit) => new Vp8Depacketizer(emit),
  pictureSize: ({ parts }) => readVp8Configuration(parts),
  createReader: () => new KeyFrameReader(readVp8Configuration),
  blank: blankVp8Pictures,
  isNamedBy: (codecString) => codecString === 'vp8',
  readConfiguration: readVp8SampleEntry,
  sampleProblem: vp8SampleProblem,
  // VP8 frames have no numbers that would reveal a missing one.
  createContinuityCheck: () => undefined,
};
