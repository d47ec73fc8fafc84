import { VIDEO_TIMESCALE } from '../../media/media-time.ts';
import type { VideoCodec } from '../codec.ts';
import { KeyFrameReader } from '../key-frame-reader.ts';
import { BLANK_PICTURES } from './blank-picture.ts';
import { readVp9Configuration, readVp9SampleEntry } from './configuration.ts';
import { Vp9Depacketizer } from './depacketizer.ts';
import { vp9SampleProblem } from './sample-check.ts';

/** VP9 over RTP (RFC 9628), stored as `vp09`. */
export const vp9: VideoCodec = {
  name: 'vp9',
  kind: 'video',
  description: {
    encodingName: 'VP9',
    clockRate: VIDEO_TIMESCALE,
    inWords: 'VP9',
    wanted: ['0', '2'].map((profile) => ({ 'profile-id': profile })),
    rank: () => 1,
    // RFC 9628 §6.1: the answer repeats the profile; max-fr and max-fs are limits of a receiver,
    // and we have none.
    answerParameters: (parameters) => {
      const profile = parameters['profile-id'];
      return profile === undefined ? {} : { 'profile-id': profile };
    },
  },
  createDepacketizer: (_format, emit) => new Vp9Depacketizer(emit),
  pictureSize: ({ parts }) => readVp9Configuration(parts),
  createReader: () => new KeyFrameReader(readVp9Configuration),
  blank: () => BLANK_PICTURES,
  isNamedBy: (codecString) => codecString.startsWith('vp09.'),
  readConfiguration: readVp9SampleEntry,
  sampleProblem: vp9SampleProblem,
  // VP9 frames have no numbers that would reveal a missing one.
  createContinuityCheck: () => undefined,
};
