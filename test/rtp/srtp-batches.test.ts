import { createCipheriv, createHmac, randomBytes as random, randomInt } from 'node:crypto';
import t from 'tap';
import { SrtpAesCm } from '../../src/rtp/srtp-aes-cm.ts';
import { SrtpAesGcm } from '../../src/rtp/srtp-aes-gcm.ts';
import type { SrtpCipher } from '../../src/rtp/srtp-cipher.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';

/** Packets of the comparison with node:crypto: `SRTP_PACKETS=10000000` for a long one, some minutes. */
const PACKETS = Number(process.env.SRTP_PACKETS ?? 20_000);
const PROFILES: SrtpProfile[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'];

/** A session, and packets for it that node:crypto sealed. */
class Session {
  readonly #keys = { cipherKey: random(16), salt: random(14), authenticationKey: random(20) };
  readonly #profile: SrtpProfile;
  readonly cipher: SrtpCipher;
  readonly #ssrc = randomInt(0x100000000);
  readonly #rollover = randomInt(0x100000000);
  #sequenceNumber = randomInt(0x10000);

  constructor(profile: SrtpProfile) {
    this.#profile = profile;
    if (profile === 'AEAD_AES_128_GCM') this.#keys.salt = random(12);
    this.cipher =
      profile === 'AEAD_AES_128_GCM' ? new SrtpAesGcm(this.#keys) : new SrtpAesCm(this.#keys);
  }

  seal(headerBytes: number, bodyBytes: number) {
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    const header = Buffer.alloc(headerBytes, randomInt(256));
    const plain = Buffer.alloc(bodyBytes);
    for (let index = 0; index < bodyBytes; index += 3) plain[index] = index * 7 + bodyBytes;
    const datagram =
      this.#profile === 'AEAD_AES_128_GCM'
        ? this.#sealGcm(header, plain)
        : this.#sealCm(header, plain);
    return { plain, datagram, headerBytes, sequenceNumber: this.#sequenceNumber };
  }

  /** RFC 7714 §8.1. */
  #sealGcm(header: Buffer, plain: Buffer): Buffer {
    const gcm = createCipheriv('aes-128-gcm', this.#keys.cipherKey, this.#vector(12, 2), {
      authTagLength: 16,
    });
    gcm.setAAD(header);
    const body = gcm.update(plain);
    gcm.final();
    return Buffer.concat([header, body, gcm.getAuthTag()]);
  }

  /** RFC 3711 §4.1.1 and §4.2. */
  #sealCm(header: Buffer, plain: Buffer): Buffer {
    const vector = this.#vector(16, 4);
    const body = createCipheriv('aes-128-ctr', this.#keys.cipherKey, vector).update(plain);
    const rollover = Buffer.alloc(4);
    rollover.writeUInt32BE(this.#rollover);
    const hmac = createHmac('sha1', this.#keys.authenticationKey);
    const tag = hmac.update(header).update(body).update(rollover).digest().subarray(0, 10);
    return Buffer.concat([header, body, tag]);
  }

  /** The salt, combined with SSRC and index, which begin at byte `at`. */
  #vector(bytes: number, at: number): Buffer {
    const vector = Buffer.alloc(bytes);
    vector.writeUInt32BE(this.#ssrc, at);
    vector.writeUInt32BE(this.#rollover, at + 4);
    vector.writeUInt16BE(this.#sequenceNumber, at + 8);
    for (const [index, byte] of this.#keys.salt.entries()) vector[index]! ^= byte;
    return vector;
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
  const sessions = [...PROFILES, ...PROFILES].map((profile) => new Session(profile));
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
    for (const profile of PROFILES) {
      const session = new Session(profile);
      const largest = 65_507 - 12 - session.cipher.rtpOverhead;
      const packets = Array.from({ length: 80 }, (_, index) =>
        session.seal(12, index < 4 ? largest : 10),
      );
      for (const packet of packets) session.prepare(packet);
      session.cipher.finishPreparing();
      const opened = packets.filter((packet) =>
        session.open(packet, packet.datagram)?.equals(packet.plain),
      );
      t.equal(opened.length, 80, profile);
    }
  },
);
