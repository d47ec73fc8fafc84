import t from 'tap';
import { RtcpPacketConverter, RtcpRrPacket, RtcpSourceDescriptionPacket } from 'werift';
import { buildReceiverReport, buildSourceDescription } from '../../src/rtp/rtcp-receiver-report.ts';

const BLOCK = {
  ssrc: 0xfedcba98,
  fractionLost: 64,
  cumulativeLost: 4711,
  extendedHighestSequence: 0x8000ffff,
  jitter: 1234,
  lastSenderReport: 0xabcdef01,
  delaySinceLastSenderReport: 65536,
};

t.test('another implementation reads our receiver report', async (t) => {
  const packet = Buffer.concat([
    buildReceiverReport(0x98765432, [BLOCK, { ...BLOCK, ssrc: 2 }]),
    buildSourceDescription(0x98765432, 'recorder'),
  ]);
  const [report, description] = RtcpPacketConverter.deSerialize(packet);
  if (!(report instanceof RtcpRrPacket)) throw new Error('no receiver report');
  t.equal(report.ssrc, 0x98765432);
  t.equal(report.reports.length, 2);
  t.match(report.reports[0], {
    ssrc: 0xfedcba98,
    fractionLost: 64,
    packetsLost: 4711,
    highestSequence: 0x8000ffff,
    jitter: 1234,
    lsr: 0xabcdef01,
    dlsr: 65536,
  });
  if (!(description instanceof RtcpSourceDescriptionPacket)) throw new Error('no description');
  t.equal(description.chunks[0]?.source, 0x98765432);
  t.match(description.chunks[0]?.items[0], { type: 1, text: 'recorder' });
});

t.test('values beyond their field are clamped (RFC 3550 §6.4.1)', async (t) => {
  const packet = buildReceiverReport(1, [
    {
      ...BLOCK,
      fractionLost: 300,
      cumulativeLost: 0x1000000,
      jitter: 12.7,
      delaySinceLastSenderReport: 2 ** 33,
    },
    { ...BLOCK, fractionLost: -1, cumulativeLost: -0x1000000, jitter: -3 },
  ]);
  t.equal(packet.subarray(12, 16).toString('hex'), 'ff7fffff');
  t.equal(packet.readUInt32BE(20), 12);
  t.equal(packet.readUInt32BE(28), 0xffffffff);
  t.equal(packet.subarray(36, 40).toString('hex'), '00800000');
  t.equal(packet.readUInt32BE(44), 0);
});

t.test('31 blocks are the most', async (t) => {
  const packet = buildReceiverReport(1, new Array(40).fill(BLOCK));
  t.equal(packet[0], 0x80 | 31);
  t.equal(packet.length, 8 + 31 * 24);
  t.equal(packet.readUInt16BE(2), packet.length / 4 - 1);
});

t.test('the items of a source description end in zeros on a whole word', async (t) => {
  for (let length = 0; length <= 255; length++) {
    const packet = buildSourceDescription(1, 'x'.repeat(length));
    const terminated = packet[10 + length] === 0 && packet.length % 4 === 0;
    if (!terminated || packet.readUInt16BE(2) !== packet.length / 4 - 1) t.fail(`${length} bytes`);
  }
  t.throws(() => buildSourceDescription(1, 'x'.repeat(256)), {
    message: 'canonicalName must have at most 255 bytes, got 256',
  });
});
