import { createCipheriv, createHmac, randomBytes as random, randomInt } from 'node:crypto';
import t from 'tap';
import type { KeystreamAhead } from '../../src/rtp/keystream-ahead.ts';
import { ReplayWindow } from '../../src/rtp/replay-window.ts';
import { SrtpAesCm } from '../../src/rtp/srtp-aes-cm.ts';
import { SrtpAesGcm } from '../../src/rtp/srtp-aes-gcm.ts';
import type { SrtpCipher } from '../../src/rtp/srtp-cipher.ts';
import type { SrtpProfile } from '../../src/rtp/srtp-keys.ts';

/** Packets of the comparison with node:crypto: `SRTP_PACKETS=10000000` for a long one, some minutes. */
const PACKETS = Number(process.env.SRTP_PACKETS ?? 20_000);
const PROFILES: SrtpProfile[] = ['AEAD_AES_128_GCM', 'AES_CM_128_HMAC_SHA1_80'];

/** A packet that node:crypto sealed. */
interface Sealed {
  plain: Buffer;
  datagram: Buffer;
  headerBytes: number;
  index: number;
}

/** A session, and packets for it. */
class Session {
  readonly #keys = { cipherKey: random(16), salt: random(14), authenticationKey: random(20) };
  readonly profile: SrtpProfile;
  readonly cipher: SrtpCipher;
  readonly #ssrc = randomInt(0x100000000);
  /** Rollover counter and sequence number. */
  #index = randomInt(0x7fffffff) * 0x10000 + randomInt(0x10000);
  readonly #window = new ReplayWindow(1024);
  readonly #keystream: KeystreamAhead;

  constructor(profile: SrtpProfile) {
    this.profile = profile;
    if (profile === 'AEAD_AES_128_GCM') this.#keys.salt = random(12);
    this.cipher =
      profile === 'AEAD_AES_128_GCM' ? new SrtpAesGcm(this.#keys) : new SrtpAesCm(this.#keys);
    this.#keystream = this.cipher.keystreamAhead(this.#ssrc, this.#window);
  }

  /** @param lost packets that nobody sees before it */
  seal(headerBytes: number, bodyBytes: number, lost = 0): Sealed {
    this.#index += 1 + lost;
    const header = Buffer.alloc(headerBytes, randomInt(256));
    const plain = Buffer.alloc(bodyBytes);
    for (let index = 0; index < bodyBytes; index += 3) plain[index] = index * 7 + bodyBytes;
    const datagram =
      this.profile === 'AEAD_AES_128_GCM'
        ? this.#sealGcm(header, plain)
        : this.#sealCm(header, plain);
    return { plain, datagram, headerBytes, index: this.#index };
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
    rollover.writeUInt32BE(Math.floor(this.#index / 0x10000));
    const hmac = createHmac('sha1', this.#keys.authenticationKey);
    const tag = hmac.update(header).update(body).update(rollover).digest().subarray(0, 10);
    return Buffer.concat([header, body, tag]);
  }

  /** The salt, combined with SSRC and index, which begin at byte `at`. */
  #vector(bytes: number, at: number): Buffer {
    const vector = Buffer.alloc(bytes);
    vector.writeUInt32BE(this.#ssrc, at);
    vector.writeUIntBE(this.#index, at + 4, 6);
    for (const [index, byte] of this.#keys.salt.entries()) vector[index]! ^= byte;
    return vector;
  }

  /** @param alone without keystream that was computed ahead */
  open({ headerBytes, index }: Sealed, datagram: Buffer, alone = false): Buffer | undefined {
    const keystream = alone ? undefined : this.#keystream;
    const payload = this.cipher.openRtp(datagram, headerBytes, this.#ssrc, index, keystream);
    if (payload !== undefined) this.#window.mark(index);
    return payload;
  }
}

function randomLength(): number {
  const kind = randomInt(20);
  if (kind === 0) return randomInt(65_000);
  if (kind < 4) return randomInt(33);
  return randomInt(1300);
}

t.test('opens what node:crypto seals, in whatever order, and nothing else', async (t) => {
  const sessions = [...PROFILES, ...PROFILES].map((profile) => new Session(profile));
  let opened = 0;
  for (let done = 0; done < PACKETS; ) {
    const session = sessions[randomInt(sessions.length)]!;
    const packets = Array.from({ length: randomInt(1, 40) }, () => {
      const lost = randomInt(16) === 0 ? randomInt(40) : 0;
      return session.seal(randomInt(12, 12 + 4 * 19), randomLength(), lost);
    });
    done += packets.length;
    const late = randomInt(3) === 0;
    while (packets.length > 0) {
      const packet = packets.splice(late ? randomInt(Math.min(packets.length, 20)) : 0, 1)[0]!;
      const { datagram, plain, headerBytes } = packet;
      if (randomInt(4) === 0) {
        const forged = Buffer.from(datagram);
        forged[randomInt(forged.length)]! ^= 1 << randomInt(8);
        if (session.open(packet, forged) !== undefined) t.fail('a forged packet was opened');
      }
      // The other profile authenticates the sequence number in the header, which has none here.
      if (session.profile === 'AEAD_AES_128_GCM' && randomInt(8) === 0) {
        const index = Math.max(0, packet.index + randomInt(-40, 40));
        const moved = { ...packet, index };
        if (index !== packet.index && session.open(moved, datagram) !== undefined) {
          t.fail('a packet was opened with the index of another');
        }
      }
      if (randomInt(16) === 0) {
        const other = sessions[randomInt(sessions.length)]!;
        if (other !== session) {
          const between = other.seal(12, 100);
          if (!other.open(between, between.datagram)?.equals(between.plain)) {
            t.fail('not opened between');
          }
        }
      }
      if (!session.open(packet, datagram, randomInt(32) === 0)?.equals(plain)) {
        t.fail(`not opened: header of ${headerBytes} bytes, body of ${plain.length}`);
      }
      opened++;
    }
  }
  t.ok(opened >= PACKETS, `${opened} packets opened`);
});

t.test('takes the largest datagram', async (t) => {
  for (const profile of PROFILES) {
    const session = new Session(profile);
    const largest = 65_507 - 12 - session.cipher.rtpOverhead;
    for (const bytes of [10, largest, 10, largest, largest, 10]) {
      const packet = session.seal(12, bytes);
      t.ok(session.open(packet, packet.datagram)?.equals(packet.plain), `${profile}: ${bytes}`);
    }
  }
});
