import t from 'tap';
import {
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  SourceDescriptionChunk,
  SourceDescriptionItem,
} from 'werift';
import { parseRtcpCompound } from '../../src/rtp/rtcp-compound.ts';
import { seededRandom } from './packets.ts';

const reportBlock = new RtcpReceiverInfo({
  ssrc: 1,
  fractionLost: 0,
  packetsLost: 0,
  highestSequence: 0,
  jitter: 0,
  lsr: 0,
  dlsr: 0,
});

/** A sender report with one report block, as another implementation writes it. */
const senderReport = new RtcpSrPacket({
  ssrc: 0xfedcba98,
  senderInfo: new RtcpSenderInfo({
    ntpTimestamp: 0xe8abcdef_89abcdefn,
    rtpTimestamp: 0xdeadbeef,
    packetCount: 1,
    octetCount: 2,
  }),
  reports: [reportBlock],
}).serialize();

const sourceDescription = new RtcpSourceDescriptionPacket({
  chunks: [
    new SourceDescriptionChunk({
      source: 5,
      items: [new SourceDescriptionItem({ type: 1, text: 'somebody' })],
    }),
  ],
}).serialize();

const receiverReport = new RtcpRrPacket({ ssrc: 5, reports: [reportBlock] }).serialize();

/** A goodbye of two sources with a reason. */
const GOODBYE = Buffer.from('82cb0004fedcba980000000503627965', 'hex');
GOODBYE.writeUInt16BE(3, 2);

/** A type that is not defined. */
const UNKNOWN = Buffer.from('80df000112345678', 'hex');

t.test('reads sender reports and goodbyes, passes over the rest', async (t) => {
  const packet = Buffer.concat([senderReport, sourceDescription, UNKNOWN, receiverReport, GOODBYE]);
  t.same(parseRtcpCompound(packet), [
    {
      type: 'sender report',
      ssrc: 0xfedcba98,
      ntpSeconds: 0xe8abcdef,
      ntpFraction: 0x89abcdef,
      rtpTimestamp: 0xdeadbeef,
    },
    { type: 'goodbye', ssrcs: [0xfedcba98, 5] },
  ]);
});

t.test('malformed packets are refused as a whole', async (t) => {
  const refused = (packet: Buffer, what: string) =>
    t.equal(parseRtcpCompound(packet), undefined, what);
  refused(Buffer.alloc(0), 'empty');
  refused(senderReport.subarray(0, 3), 'shorter than a header');
  refused(senderReport.subarray(0, senderReport.length - 4), 'cut off');
  refused(Buffer.concat([receiverReport, Buffer.from([0x80])]), 'a stray byte at the end');
  const version = Buffer.from(senderReport);
  version[0]! &= 0x3f;
  refused(version, 'version 0');
  const blocks = Buffer.from(senderReport);
  blocks[0]! |= 0x1f;
  refused(blocks, '31 report blocks in the space of one');
  const sources = Buffer.from(GOODBYE);
  sources[0] = 0x9f;
  refused(sources, '31 sources in the space of three');
  refused(Buffer.from('80c8000100000000', 'hex'), 'a sender report of 8 bytes');
});

t.test('random and mutated packets never throw', async (t) => {
  const next = seededRandom(3);
  const random = () => Math.floor(next() * 0x1000000);
  const whole = Buffer.concat([senderReport, sourceDescription, receiverReport, GOODBYE]);
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const packet =
      round % 2 === 0
        ? Buffer.from(whole.subarray(0, random() % (whole.length + 1)))
        : Buffer.alloc((random() % 100) * 4);
    const changes = round % 2 === 0 ? random() % 4 : packet.length;
    for (let change = 0; change < changes && packet.length > 0; change++) {
      packet[round % 2 === 0 ? random() % packet.length : change] = random();
    }
    const messages = parseRtcpCompound(packet);
    if (messages === undefined) continue;
    accepted++;
    if (messages.length > packet.length / 4) t.fail(packet.toString('hex'));
  }
  t.ok(accepted > 20, `${accepted} accepted`);
});
