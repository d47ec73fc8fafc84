import { UPRIGHT } from '../../src/media/picture-orientation.ts';
import { H264_TIMESCALE } from '../../src/media/timescale.ts';
import { type Picture, PictureOrder } from '../../src/recording/picture-order.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const MOST_PICTURES = 512;
const { step } = H264_TIMESCALE;

/** Pictures with timestamps of any kind: all come out, in their order, in places that follow each other. */
export const target: FuzzTarget = {
  covers: ['src/recording/picture-order.ts'],
  maxBytes: 2048,
  seeds: () => [
    Buffer.from([0x81, 1, 0x80, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8]),
    Buffer.from([0x05, 1, 0x80, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8]),
    Buffer.from([0x80, 0, 0x80, 1, 1, 1, 0x80, 2, 2]),
  ],
  run(input) {
    const decisions = new Decisions(input);
    const order = new PictureOrder(step);
    const how = decisions.byte();
    order.expect({ most: how % 17, isDeclared: how >= 0x80 });
    const pushed: Picture[] = [];
    const out: Picture[] = [];
    let base = 0;
    for (let count = 0; count < MOST_PICTURES && !decisions.done; count++) {
      const byte = decisions.byte();
      const keyframe = byte >= 0x80;
      if (keyframe) base += decisions.byte() * 3 * step;
      const shown = base + (byte & 0x7f) * 3 * step;
      const picture: Picture = {
        ...{
          start: shown,
          end: shown,
          shown,
          lead: 0,
          keyframe,
          isRecoveryPoint: false,
          lostBefore: false,
          leading: 'none' as const,
        },
        ...{ parts: [], configuration: undefined, orientation: UPRIGHT, compositionDelay: 0 },
      };
      pushed.push(picture);
      order.push(picture);
      for (let each = order.shift(); each; each = order.shift()) out.push(each);
      must(pushed.length - out.length <= 18, 'few are held');
    }
    for (let each = order.shiftLast(); each; each = order.shiftLast()) out.push(each);
    must(out.length === pushed.length, 'all come out');
    for (const [i, picture] of out.entries()) {
      must(picture === pushed[i], 'in the order in which they came');
      if (i > 0) must(picture.start === out[i - 1]!.end, 'places follow each other');
      must(picture.end > picture.start || i === out.length - 1, 'places have a length');
    }
    must(new Set(out.map(({ shown }) => shown)).size === out.length, 'no two are shown at once');
  },
};
