import t from 'tap';
import {
  ReceiverEstimatedMaxBitrate,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
} from 'werift';
import { buildRemb, RembAdvertisement } from '../../src/rtp/remb.ts';

function read(packet: Buffer): ReceiverEstimatedMaxBitrate {
  const [message] = RtcpPacketConverter.deSerialize(packet);
  if (!(message instanceof RtcpPayloadSpecificFeedback)) throw new Error('no payload feedback');
  if (!(message.feedback instanceof ReceiverEstimatedMaxBitrate)) throw new Error('no REMB');
  return message.feedback;
}

t.test('another implementation reads our REMB', async (t) => {
  for (const bps of [0, 1000, 0x3ffff, 0x40000, 2_500_000, 100_000_000, 5_000_000_000]) {
    const remb = read(buildRemb(0x98765432, bps, [0xfedcba98, 7]));
    t.same(remb.ssrcFeedbacks, [0xfedcba98, 7]);
    t.equal(remb.senderSsrc, 0x98765432);
    const written = Number(remb.bitrate);
    t.ok(written <= bps && written >= bps * (1 - 2 ** -17), `${bps} is written as ${written}`);
  }
});

t.test('advertises well above what arrives, never less than before', async (t) => {
  const remb = new RembAdvertisement();
  let nowUs = 1_000_000_000;
  const first = remb.advertise(nowUs);
  t.ok(first >= 10_000_000);
  remb.onBytes(2_500_000);
  nowUs += 1_000_000;
  t.equal(remb.advertise(nowUs), 40_000_000, 'twice the 20 Mbit/s that arrived');
  nowUs += 1_000_000;
  t.equal(remb.advertise(nowUs), 40_000_000, 'a second without media lowers nothing');
  remb.onBytes(25_000_000);
  nowUs += 1_000_000;
  t.equal(remb.advertise(nowUs), 100_000_000, 'the cap');
  t.equal(new RembAdvertisement(3_000_000).advertise(1), 3_000_000, 'a cap below the start');
});
