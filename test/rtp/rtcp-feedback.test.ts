import t from 'tap';
import {
  GenericNack,
  PictureLossIndication,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpTransportLayerFeedback,
} from 'werift';
import {
  buildFullIntraRequest,
  buildGenericNacks,
  buildPictureLossIndication,
} from '../../src/rtp/rtcp-feedback.ts';

/** The sequence numbers that another implementation reads out of our NACKs. */
function readNacks(packets: Buffer[]): number[] {
  return packets.flatMap((packet) => {
    const [message] = RtcpPacketConverter.deSerialize(packet);
    if (!(message instanceof RtcpTransportLayerFeedback)) throw new Error('no transport feedback');
    if (!(message.feedback instanceof GenericNack)) throw new Error('no NACK');
    if (message.feedback.senderSsrc !== 0x98765432) throw new Error('wrong sender');
    if (message.feedback.mediaSourceSsrc !== 0xfedcba98) throw new Error('wrong media source');
    // It does not wrap what the mask adds.
    return message.feedback.lost.map((sequenceNumber) => sequenceNumber & 0xffff);
  });
}

t.test('another implementation reads our picture loss indication', async (t) => {
  const [message] = RtcpPacketConverter.deSerialize(buildPictureLossIndication(0x98765432, 7));
  if (!(message instanceof RtcpPayloadSpecificFeedback)) throw new Error('no payload feedback');
  t.ok(message.feedback instanceof PictureLossIndication);
  t.match(message.feedback, { senderSsrc: 0x98765432, mediaSsrc: 7 });
});

t.test('a full intra request is laid out as RFC 5104 §4.3.1', async (t) => {
  t.equal(
    buildFullIntraRequest(0x98765432, 0xfedcba98, 9).toString('hex'),
    '84ce0004' + '98765432' + '00000000' + 'fedcba98' + '09000000',
  );
});

t.test('NACKs name all that is missing, and nothing else', async (t) => {
  const nack = (missing: number[]) => buildGenericNacks(0x98765432, 0xfedcba98, missing);
  t.equal(
    nack([100, 101, 103, 116]).map((packet) => packet.toString('hex'))[0],
    '81cd0003' + '98765432' + 'fedcba98' + '0064' + '8005',
    'the mask of RFC 4585 §6.2.1: bit i stands for the packet i + 1 after the first',
  );
  for (const missing of [
    [5],
    [100, 116, 117, 133, 134],
    [65_533, 65_535, 0, 3, 13, 14],
    [1000, 5000, 9000, 60_000],
  ]) {
    t.same(readNacks(nack(missing)), missing);
  }
  t.same(nack([]), []);
  t.same(new Set(readNacks(nack([7, 5, 7, 6]))), new Set([5, 6, 7]), 'in any order');
});

t.test('many NACKs are split into packets of at most 1,012 bytes', async (t) => {
  const missing = Array.from({ length: 1000 }, (_, position) => (position * 40) & 0xffff);
  const packets = buildGenericNacks(0x98765432, 0xfedcba98, missing);
  t.equal(packets.length, 4);
  for (const packet of packets) t.ok(packet.length <= 1012);
  t.same(readNacks(packets), missing);
});
