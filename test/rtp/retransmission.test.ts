import t from 'tap';
import type { PayloadFormat } from '../../src/media/payload-format.ts';
import { restoreRetransmission } from '../../src/rtp/retransmission.ts';
import { H264_FORMAT, makePacket, RTX_FORMAT, retransmit } from './packets.ts';

const FORMATS: (PayloadFormat | undefined)[] = [];
FORMATS[96] = H264_FORMAT;
FORMATS[97] = RTX_FORMAT;

t.test('the original comes back with its number, type and SSRC', async (t) => {
  const original = makePacket({ sequenceNumber: 65_535, marker: true });
  t.same(restoreRetransmission(retransmit(original, 7), original.ssrc, FORMATS), original);
});

t.test('an original without payload comes back empty, it fills its gap', async (t) => {
  const original = makePacket({ payload: Buffer.alloc(0) });
  t.same(restoreRetransmission(retransmit(original, 7), original.ssrc, FORMATS), original);
});

t.test('padding alone is a probe', async (t) => {
  const probe = makePacket({ payloadType: 97, payload: Buffer.alloc(0) });
  t.equal(restoreRetransmission(probe, 1, FORMATS), 'probe');
});

t.test('what cannot be restored is malformed', async (t) => {
  for (const fields of [
    { payloadType: 97, payload: Buffer.of(1) },
    { payloadType: 96, payload: Buffer.of(1, 2, 3) },
    { payloadType: 120, payload: Buffer.of(1, 2, 3) },
  ]) {
    t.equal(restoreRetransmission(makePacket(fields), 1, FORMATS), 'malformed');
  }
});
