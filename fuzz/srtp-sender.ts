import { createCipheriv, createHmac } from 'node:crypto';
import {
  deriveSessionKeys,
  type SessionKeys,
  type SrtpKeys,
  type SrtpProfile,
} from '../src/rtp/srtp-keys.ts';
import { estimateRollover } from '../src/rtp/srtp-receiver.ts';

const INDEX_BITS = 0x10000;

/** Protects packets as a publisher does, whatever they are (RFC 3711, RFC 7714). */
export class SrtpSender {
  readonly keys: SrtpKeys;
  readonly #rtp: SessionKeys;
  readonly #rtcp: SessionKeys;
  readonly #gcm: boolean;
  /** Highest index by SSRC. */
  readonly #highest = new Map<number, number>();
  #rtcpIndex = 0;

  constructor(profile: SrtpProfile) {
    this.#gcm = profile === 'AEAD_AES_128_GCM';
    this.keys = {
      profile,
      masterKey: Buffer.alloc(16, 0x21),
      masterSalt: Buffer.alloc(this.#gcm ? 12 : 14, 0x5a),
    };
    this.#rtp = deriveSessionKeys(this.keys, 'rtp');
    this.#rtcp = deriveSessionKeys(this.keys, 'rtcp');
  }

  /** Protects a packet of 12 bytes at least, with a rollover counter that its receiver will guess. */
  rtp(header: Buffer, payload: Buffer): Buffer {
    const ssrc = header.readUInt32BE(8);
    const sequenceNumber = header.readUInt16BE(2);
    const highest = this.#highest.get(ssrc);
    const rollover = highest === undefined ? 0 : estimateRollover(highest, sequenceNumber);
    const index = rollover * INDEX_BITS + sequenceNumber;
    this.#highest.set(ssrc, Math.max(highest ?? 0, index));
    if (this.#gcm) return this.#sealGcm(this.#rtp, header, payload, ssrc, index, Buffer.alloc(0));
    const sealed = Buffer.concat([header, this.#encryptCm(this.#rtp, payload, ssrc, index)]);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(rollover);
    return Buffer.concat([sealed, tag(this.#rtp, Buffer.concat([sealed, counter]))]);
  }

  /** Protects an RTCP packet of 8 bytes at least. */
  rtcp(packet: Buffer): Buffer {
    const index = ++this.#rtcpIndex;
    const word = Buffer.alloc(4);
    word.writeUInt32BE((0x8000_0000 | index) >>> 0);
    const header = packet.subarray(0, 8);
    const ssrc = packet.readUInt32BE(4);
    if (this.#gcm) {
      return this.#sealGcm(this.#rtcp, header, packet.subarray(8), ssrc, index, word);
    }
    const body = this.#encryptCm(this.#rtcp, packet.subarray(8), ssrc, index);
    const sealed = Buffer.concat([header, body, word]);
    return Buffer.concat([sealed, tag(this.#rtcp, sealed)]);
  }

  #sealGcm(
    { cipherKey, salt }: SessionKeys,
    header: Buffer,
    body: Buffer,
    ssrc: number,
    index: number,
    word: Buffer,
  ): Buffer {
    const vector = Buffer.alloc(12);
    vector.writeUInt32BE(ssrc, 2);
    vector.writeUIntBE(index, 6, 6);
    for (let at = 0; at < 12; at++) vector[at]! ^= salt[at]!;
    const cipher = createCipheriv('aes-128-gcm', cipherKey, vector);
    cipher.setAAD(Buffer.concat([header, word]));
    const sealed = [header, cipher.update(body), cipher.final(), cipher.getAuthTag(), word];
    return Buffer.concat(sealed);
  }

  #encryptCm({ cipherKey, salt }: SessionKeys, body: Buffer, ssrc: number, index: number): Buffer {
    const vector = Buffer.alloc(16);
    vector.writeUInt32BE(ssrc, 4);
    vector.writeUIntBE(index, 8, 6);
    for (let at = 0; at < 14; at++) vector[at]! ^= salt[at]!;
    return createCipheriv('aes-128-ctr', cipherKey, vector).update(body);
  }
}

function tag({ authenticationKey }: SessionKeys, signed: Buffer): Buffer {
  return createHmac('sha1', authenticationKey).update(signed).digest().subarray(0, 10);
}
