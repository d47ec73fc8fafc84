import t from 'tap';
import { HeaderExtensions } from '../../src/rtp/header-extensions.ts';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';
import { seededRandom } from './packets.ts';

/** A packet with this extension, whose data is padded to whole words as a sender must. */
function packetWith(profile: number, data: number[]): Buffer {
  const words = Math.ceil(data.length / 4);
  const packet = Buffer.alloc(16 + words * 4 + 5, 0xee);
  packet.fill(0, 0, 16 + words * 4);
  packet[0] = 0x90;
  packet.writeUInt16BE(profile, 12);
  packet.writeUInt16BE(words, 14);
  Buffer.from(data).copy(packet, 16);
  return packet;
}

function read(packet: Buffer): Map<number, string> | undefined {
  const header = new RtpHeader();
  const extensions = new HeaderExtensions();
  if (!header.parse(packet, packet.length)) throw new Error('the test built a bad packet');
  if (!extensions.parse(packet, header)) return undefined;
  const found = new Map<number, string>();
  for (let id = 0; id < 256; id++) {
    const position = extensions.find(id);
    if (position < 0) continue;
    const start = extensions.start(position);
    found.set(id, packet.subarray(start, start + extensions.length(position)).toString('hex'));
  }
  return found;
}

t.test('one-byte form (RFC 8285 §4.2)', async (t) => {
  t.same(
    read(packetWith(0xbede, [0x10, 0xaa, 0x00, 0x00, 0x31, 0xbb, 0xcc, 0x00])),
    new Map([
      [1, 'aa'],
      [3, 'bbcc'],
    ]),
    'padding between elements',
  );
  t.same(read(packetWith(0xbede, [0x10, 0xaa, 0xf0, 0x20, 0x20, 0xbb])), new Map([[1, 'aa']]));
  t.same(
    read(packetWith(0xbede, [0x10, 0xaa, 0x01, 0x20, 0x20, 0xbb])),
    new Map([[1, 'aa']]),
    'identifier 0 with a length ends it',
  );
  t.same(read(packetWith(0xbede, [])), new Map());
  t.equal(read(packetWith(0xbede, [0x10, 0xaa, 0x00, 0x37])), undefined, 'beyond the end');
});

t.test('two-byte form (RFC 8285 §4.3)', async (t) => {
  t.same(
    read(packetWith(0x1005, [200, 3, 1, 2, 3, 0, 0, 15, 0, 1, 1, 9])),
    new Map([
      [200, '010203'],
      [15, ''],
      [1, '09'],
    ]),
  );
  t.equal(read(packetWith(0x1000, [7, 9, 1, 2])), undefined, 'beyond the end');
  t.equal(read(packetWith(0x1000, [0, 0, 0, 7])), undefined, 'no room for the length');
});

t.test('another profile has no elements, and a packet without extension neither', async (t) => {
  t.same(read(packetWith(0xabac, [0x10, 0xaa])), new Map());
  const plain = Buffer.alloc(20);
  plain[0] = 0x80;
  t.same(read(plain), new Map());
});

t.test('elements of the packet before are forgotten', async (t) => {
  const header = new RtpHeader();
  const extensions = new HeaderExtensions();
  const first = packetWith(0xbede, [0x10, 0xaa]);
  header.parse(first, first.length);
  extensions.parse(first, header);
  t.not(extensions.find(1), -1);
  const second = packetWith(0xbede, [0x20, 0xaa]);
  header.parse(second, second.length);
  extensions.parse(second, header);
  t.equal(extensions.find(1), -1);
  t.equal(extensions.find(undefined), -1);
});

t.test('random extensions never reach beyond their end', async (t) => {
  const next = seededRandom(11);
  const random = () => Math.floor(next() * 0x1000000);
  const header = new RtpHeader();
  const extensions = new HeaderExtensions();
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const data = Array.from({ length: random() % 200 }, () => random() & 0xff & (random() | 0x1f));
    const packet = packetWith(round % 2 === 0 ? 0xbede : 0x1000, data);
    header.parse(packet, packet.length);
    if (!extensions.parse(packet, header)) continue;
    accepted++;
    for (let id = 0; id < 256; id++) {
      const position = extensions.find(id);
      if (position < 0) continue;
      const end = extensions.start(position) + extensions.length(position);
      if (end > header.extensionEnd) t.fail(packet.toString('hex'));
    }
  }
  t.ok(accepted > 50, `${accepted} accepted`);
});
