import t from 'tap';
import { createDepacketizer } from '../../../src/codecs/registry.ts';
import type { AccessUnit } from '../../../src/media/access-unit.ts';
import { makePacket, OPUS_FORMAT, RTX_FORMAT } from '../../rtp/packets.ts';

function setUp() {
  const units: AccessUnit[] = [];
  const depacketizer = createDepacketizer(OPUS_FORMAT, (unit) => units.push(unit));
  let timestamp = 0;
  const push = (payload: Buffer, lostBefore = false) => {
    timestamp += 960;
    depacketizer.push(makePacket({ payloadType: 111, timestamp, payload }), lostBefore);
  };
  return { units, depacketizer, push };
}

t.test('each packet is a unit, as it is', async (t) => {
  const { units, push } = setUp();
  const payload = Buffer.of(0xf8, 0xff, 0xfe);
  push(payload);
  t.same(units, [
    {
      codec: 'opus',
      rtpTimestamp: 960,
      arrivalUs: makePacket().arrivalUs,
      keyframe: true,
      discontinuity: false,
      parts: [payload],
    },
  ]);
  t.equal(units[0]?.parts[0], payload, 'not copied');
});

t.test('loss and broken packets show as a discontinuity once, empty ones do not', async (t) => {
  const { units, push, depacketizer } = setUp();
  const good = Buffer.of(0xf8, 1);
  push(good);
  push(good, true);
  push(good);
  push(Buffer.of(0xf9, 1, 2, 3, 4, 5, 6, 7));
  push(good);
  push(Buffer.of(0xf9, 1, 2));
  push(Buffer.of(0xff, 0));
  push(good);
  push(Buffer.alloc(0));
  push(good);
  push(Buffer.alloc(0), true);
  push(good);
  t.same(
    units.map((unit) => unit.discontinuity),
    [false, true, false, true, false, true, false, true],
  );
  t.equal(depacketizer.malformed, 4);
});

t.test('a retransmission format has no depacketizer', async (t) => {
  t.throws(() => createDepacketizer(RTX_FORMAT, () => {}), TypeError);
});
