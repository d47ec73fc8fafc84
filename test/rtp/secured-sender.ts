import { SrtcpSession, SrtpSession, RtpHeader as WeriftHeader } from 'werift';
import type { SrtpKeys, SrtpProfile } from '../../src/rtp/srtp-keys.ts';

/** Both profiles, to run a test on each. */
export const PROFILES: SrtpProfile[] = ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM'];

/** What a packet of the secured sender says; the rest is plain. */
export interface SentRtp {
  ssrc: number;
  payloadType: number;
  sequenceNumber: number;
  timestamp?: number;
  marker?: boolean;
  /** In one-byte form, by identifier. */
  extensions?: Record<number, Buffer>;
  payload: Buffer;
}

/** A sender of SRTP and SRTCP of another make, and the keys that a receiver of it needs. */
export class SecuredSender {
  readonly keys: SrtpKeys;
  readonly #srtp: SrtpSession;
  readonly #srtcp: SrtcpSession;

  constructor(profile: SrtpProfile) {
    const gcm = profile === 'AEAD_AES_128_GCM';
    const saltBytes = gcm ? 12 : 14;
    this.keys = {
      profile,
      masterKey: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'),
      masterSalt: Buffer.alloc(saltBytes, 0x5a),
    };
    const config = {
      profile: gcm ? (7 as const) : (1 as const),
      keys: {
        localMasterKey: this.keys.masterKey,
        localMasterSalt: this.keys.masterSalt,
        remoteMasterKey: Buffer.alloc(16),
        remoteMasterSalt: Buffer.alloc(saltBytes),
      },
    };
    this.#srtp = new SrtpSession(config);
    this.#srtcp = new SrtcpSession(config);
  }

  rtp({ payload, extensions = {}, ...fields }: SentRtp): Buffer {
    const elements = Object.entries(extensions).map(([id, data]) => ({
      id: Number(id),
      payload: data,
    }));
    const header = new WeriftHeader({
      timestamp: 0,
      marker: false,
      ...fields,
      extension: elements.length > 0,
      extensionProfile: 0xbede,
      extensions: elements,
    });
    return Buffer.from(this.#srtp.encrypt(payload, header));
  }

  rtcp(packet: Buffer): Buffer {
    return Buffer.from(this.#srtcp.encrypt(packet));
  }
}
