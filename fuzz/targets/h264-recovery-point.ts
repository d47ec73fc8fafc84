import { isReference, recoveryFrames } from '../../src/codecs/h264/recovery-point.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

/** NAL units of a picture, among them SEI messages of any kind. */
export const target: FuzzTarget = {
  covers: ['src/codecs/h264/recovery-point.ts'],
  maxBytes: 4096,
  seeds: () => [
    Buffer.from('0606060209c480', 'hex'),
    Buffer.from('0b0605020102060209c48002419a', 'hex'),
    Buffer.from('0706ffff00000601c4', 'hex'),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const parts: Buffer[] = [];
    while (!decisions.done) {
      const part = decisions.block();
      if (part.length > 0) parts.push(part);
    }
    const frames = recoveryFrames(parts);
    must(frames === undefined || (frames >= 0 && frames < 65_536), 'a count of frames is one');
    if (frames !== undefined)
      must(
        parts.some((part) => (part[0]! & 0x1f) === 6),
        'of a message',
      );
    isReference(parts);
  },
};
