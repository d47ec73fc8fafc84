import { createCipheriv, randomInt } from 'node:crypto';
import t from 'tap';
import { gcmMemory, multiplesOf } from '../../src/rtp/gcm-memory.ts';
import { SrtpAesGcm } from '../../src/rtp/srtp-aes-gcm.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Packets of the comparison with node:crypto: `GCM_PACKETS=10000000` for a long one, some minutes. */
const PACKETS = Number(process.env.GCM_PACKETS ?? 20_000);
const TAG_BYTES = 16;

/** Opens as SrtpAesGcm does, but with any initialization vector. */
function openWith(key: Buffer, iv: Buffer, associated: Buffer, body: Buffer, tag: Buffer) {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const tables = multiplesOf(cipher.update(Buffer.alloc(16)));
  const blocks = 1 + Math.ceil(body.length / 16);
  gcmMemory.writeCounters(iv, 0, blocks);
  gcmMemory.setKeystream(cipher.update(gcmMemory.keystream(blocks * 16)));
  const datagram = Buffer.concat([associated, body, tag]);
  return gcmMemory.open(tables, datagram, associated.length, body.length, 0);
}

t.test('opens the test cases 1 to 4 of the specification of GCM', async (t) => {
  const key = hex('feffe9928665731c6d6a8f9467308308');
  const iv = hex('cafebabefacedbaddecaf888');
  const body = hex(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
      '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985',
  );
  const plain = hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255',
  );
  const none = Buffer.alloc(0);
  const zeros = Buffer.alloc(16);
  const [zeroIv] = [Buffer.alloc(12)];
  t.same(openWith(zeros, zeroIv, none, none, hex('58e2fccefa7e3061367f1d57a4e7455a')), none);
  const second = hex('0388dace60b6a392f328c2b971b2fe78');
  t.same(openWith(zeros, zeroIv, none, second, hex('ab6e47d42cec13bdf53a67b21257bddf')), zeros);
  t.same(openWith(key, iv, none, body, hex('4d5c2af327cd64a62cf35abd2ba6fab4')), plain);
  const associated = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
  const tag = hex('5bc94fbc3221a5db94fae95ae7121a47');
  t.same(openWith(key, iv, associated, body.subarray(0, 60), tag), plain.subarray(0, 60));
  tag[15]! ^= 1;
  t.equal(openWith(key, iv, associated, body.subarray(0, 60), tag), undefined);
});

/** A session, and packets for it that node:crypto sealed. */
class Session {
  readonly #key = Buffer.from(Array.from({ length: 16 }, () => randomInt(256)));
  readonly #salt = Buffer.from(Array.from({ length: 12 }, () => randomInt(256)));
  readonly cipher = new SrtpAesGcm({
    cipherKey: this.#key,
    salt: this.#salt,
    authenticationKey: Buffer.alloc(0),
  });
  readonly #ssrc = randomInt(0x100000000);
  readonly #rollover = randomInt(0x100000000);
  #sequenceNumber = randomInt(0x10000);

  seal(headerBytes: number, bodyBytes: number) {
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    const iv = Buffer.alloc(12);
    iv.writeUInt32BE(this.#ssrc, 2);
    iv.writeUInt32BE(this.#rollover, 6);
    iv.writeUInt16BE(this.#sequenceNumber, 10);
    for (const [index, byte] of this.#salt.entries()) iv[index]! ^= byte;
    const header = Buffer.alloc(headerBytes, randomInt(256));
    const plain = Buffer.alloc(bodyBytes);
    for (let index = 0; index < bodyBytes; index += 3) plain[index] = index * 7 + bodyBytes;
    const gcm = createCipheriv('aes-128-gcm', this.#key, iv, { authTagLength: TAG_BYTES });
    gcm.setAAD(header);
    const body = gcm.update(plain);
    gcm.final();
    const datagram = Buffer.concat([header, body, gcm.getAuthTag()]);
    return { plain, datagram, headerBytes, sequenceNumber: this.#sequenceNumber };
  }

  prepare({ plain, sequenceNumber }: ReturnType<Session['seal']>): void {
    this.cipher.prepareRtp(plain.length, this.#ssrc, this.#rollover, sequenceNumber);
  }

  open(
    { headerBytes, sequenceNumber }: ReturnType<Session['seal']>,
    datagram: Buffer,
  ): Buffer | undefined {
    return this.cipher.openRtp(datagram, headerBytes, this.#ssrc, this.#rollover, sequenceNumber);
  }
}

function randomLength(): number {
  const kind = randomInt(20);
  if (kind === 0) return randomInt(65_000);
  if (kind < 4) return randomInt(33);
  return randomInt(1300);
}

t.test('opens what node:crypto seals, alone and in batches, and nothing else', async (t) => {
  const sessions = Array.from({ length: 3 }, () => new Session());
  let opened = 0;
  for (let done = 0; done < PACKETS; ) {
    const session = sessions[randomInt(sessions.length)]!;
    const count = randomInt(1, 12);
    const packets = Array.from({ length: count }, () =>
      session.seal(randomInt(12, 12 + 4 * 19), randomLength()),
    );
    // Prepared or not, wholly or in part, and once more in the middle: it must make no difference.
    const way = randomInt(4);
    if (way > 0) {
      for (const packet of packets) if (way > 1 || randomInt(2) === 0) session.prepare(packet);
      session.cipher.finishPreparing();
    }
    for (const packet of packets) {
      if (way === 3 && randomInt(8) === 0) continue;
      const { datagram, plain } = packet;
      if (randomInt(4) === 0) {
        const forged = Buffer.from(datagram);
        forged[randomInt(forged.length)]! ^= 1 << randomInt(8);
        if (session.open(packet, forged) !== undefined) t.fail('a forged packet was opened');
      }
      if (randomInt(16) === 0) {
        const other = sessions[randomInt(sessions.length)]!;
        const alone = other.seal(12, 100);
        if (!other.open(alone, alone.datagram)?.equals(alone.plain)) t.fail('not opened between');
      }
      if (!session.open(packet, datagram)?.equals(plain)) {
        t.fail(`not opened: header of ${packet.headerBytes} bytes, body of ${plain.length}`);
      }
      opened++;
    }
    done += count;
  }
  t.ok(opened > PACKETS / 2, `${opened} packets opened`);
});

t.test(
  'takes the largest datagram, and more of them at once than there is keystream for',
  async (t) => {
    const session = new Session();
    const packets = Array.from({ length: 80 }, (_, index) =>
      session.seal(12, index < 4 ? 65_507 - 12 - TAG_BYTES : 10),
    );
    for (const packet of packets) session.prepare(packet);
    session.cipher.finishPreparing();
    const opened = packets.filter((packet) =>
      session.open(packet, packet.datagram)?.equals(packet.plain),
    );
    t.equal(opened.length, 80);
  },
);
