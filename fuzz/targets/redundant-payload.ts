import { createDepacketizer } from '../../src/codecs/registry.ts';
import type { PayloadFormat } from '../../src/media/payload-format.ts';
import { readRedundantPayload } from '../../src/rtp/redundant-payload.ts';
import { TrackDepacketizer } from '../../src/rtp/track-depacketizer.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const FORMATS: PayloadFormat[] = [];
FORMATS[111] = { payloadType: 111, codec: 'opus', clockRate: 48_000, parameters: {} };
FORMATS[63] = { ...FORMATS[111], payloadType: 63, codec: 'red', redundancy: [111, 111] };

/** A payload with redundancy put together again, then packets with losses. */
export const target: FuzzTarget = {
  covers: ['src/rtp/redundant-payload.ts', 'src/rtp/track-depacketizer.ts'],
  maxBytes: 65_535,
  seeds: () => [
    Buffer.from('6ff8fffe', 'hex'),
    Buffer.from('ef0f00036ff8fffef80102', 'hex'),
    Buffer.from('ef1e0003ef0f00036ff8fffef80102f80304', 'hex'),
  ],
  run(input) {
    const blocks = readRedundantPayload(input);
    if (blocks !== undefined) {
      const payloads = Buffer.concat(blocks.map(({ payload }) => payload));
      const headers = 4 * (blocks.length - 1) + 1;
      must(payloads.equals(input.subarray(headers)), 'the blocks are all that follows the headers');
      must(blocks.at(-1)!.offset === 0, 'the last is the packet itself');
    }

    let emitted = 0;
    const track = new TrackDepacketizer(FORMATS, () => emitted++, { createDepacketizer });
    const decisions = new Decisions(input);
    let sequenceNumber = 0;
    let pushed = 0;
    while (!decisions.done) {
      const choice = decisions.byte();
      const missing = choice & 3;
      if (missing > 0) track.noteLoss();
      sequenceNumber = (sequenceNumber + missing + 1) & 0xffff;
      if (choice === 0xff) track.reset(true);
      track.push({
        ...{ ssrc: 1, payloadType: choice & 4 ? 111 : 63, sequenceNumber, marker: false },
        ...{ timestamp: sequenceNumber * 960, arrivalUs: 0, payload: decisions.block() },
      });
      pushed++;
      must(track.restored <= 3 * pushed, 'no more is restored than was missing');
    }
    must(
      emitted + track.malformed === pushed + track.restored,
      'each packet is emitted or counted, and each that was restored',
    );
  },
};
