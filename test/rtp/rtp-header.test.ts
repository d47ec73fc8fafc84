import t from 'tap';
import { RtpHeader as WeriftHeader, RtpPacket as WeriftPacket } from 'werift';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import { seededRandom } from './packets.ts';

t.test('reads what another implementation wrote', async (t) => {
  const packet = new WeriftPacket(
    new WeriftHeader({
      payloadType: 111,
      sequenceNumber: 0xfffe,
      timestamp: 0xdeadbeef,
      ssrc: 0x87654321,
      marker: true,
      csrc: [1, 2, 3],
      csrcLength: 3,
      extension: true,
      extensionProfile: 0xbede,
      extensions: [{ id: 3, payload: Buffer.from('ab') }],
    }),
    Buffer.from('payload'),
  ).serialize();
  const header = new RtpHeader();
  t.ok(header.parse(packet, packet.length));
  t.match(header, {
    payloadType: 111,
    sequenceNumber: 0xfffe,
    timestamp: 0xdeadbeef,
    ssrc: 0x87654321,
    marker: true,
    padding: false,
    extensionProfile: 0xbede,
  });
  t.equal(packet.subarray(header.bytes).toString(), 'payload');
  t.equal(header.extensionEnd, header.bytes);
});

t.test('a header that does not fit is refused', async (t) => {
  const header = new RtpHeader();
  const plain = Buffer.alloc(40);
  plain[0] = 0x80;
  t.ok(header.parse(plain, 12));
  t.notOk(header.parse(plain, 11), 'shorter than the fixed part');
  t.notOk(header.parse(plain, 41), 'a limit beyond the datagram');
  plain[0] = 0x40;
  t.notOk(header.parse(plain, 40), 'version 1');
  plain[0] = 0x8f;
  t.notOk(header.parse(plain, 40), '15 contributing sources need 72 bytes');
  plain[0] = 0x87;
  t.ok(header.parse(plain, 40), '7 of them just fit');
  plain[0] = 0x90;
  plain.writeUInt16BE(6, 14);
  t.ok(header.parse(plain, 40), 'an extension that just fits');
  t.equal(header.bytes, 40);
  plain.writeUInt16BE(7, 14);
  t.notOk(header.parse(plain, 40), 'an extension that does not');
  t.notOk(header.parse(plain, 14), 'not even the header of the extension fits');
});

t.test('takes the padding off the payload', async (t) => {
  const header = new RtpHeader();
  header.padding = true;
  t.equal(header.payloadLength(Buffer.from([9, 9, 9, 0, 2])), 3);
  t.equal(header.payloadLength(Buffer.from([0, 0, 3])), 0, 'all of it');
  t.equal(header.payloadLength(Buffer.from([0, 0, 4])), -1, 'more than there is');
  t.equal(header.payloadLength(Buffer.from([1, 1, 0])), -1, 'none at all');
  t.equal(header.payloadLength(Buffer.alloc(0)), -1);
  header.padding = false;
  t.equal(header.payloadLength(Buffer.from([0, 0, 4])), 3);
});

t.test('random bytes never read out of bounds', async (t) => {
  const header = new RtpHeader();
  const next = seededRandom(7);
  const random = () => Math.floor(next() * 0x1000000);
  let parsed = 0;
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.alloc(random() % 100);
    for (let position = 0; position < bytes.length; position++) bytes[position] = random();
    if (bytes.length > 0) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
    const limit = bytes.length - (random() % 17);
    if (!header.parse(bytes, limit)) continue;
    parsed++;
    if (header.bytes > limit || header.extensionEnd > header.bytes) t.fail(bytes.toString('hex'));
    if (header.extensionStart > header.extensionEnd) t.fail(bytes.toString('hex'));
    const length = header.payloadLength(bytes.subarray(header.bytes, limit));
    if (length > limit - header.bytes) t.fail(bytes.toString('hex'));
  }
  t.ok(parsed > 100);
});
