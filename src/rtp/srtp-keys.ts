import { createCipheriv } from 'node:crypto';

/** Protection profiles offered in DTLS-SRTP (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export type SrtpProfile = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM';

/** Keys of one direction, exported by the DTLS handshake (RFC 5764 §4.2). */
export interface SrtpKeys {
  profile: SrtpProfile;
  /** 16 bytes. */
  masterKey: Buffer;
  /** 14 bytes for AES_CM_128_HMAC_SHA1_80, 12 bytes for AEAD_AES_128_GCM. */
  masterSalt: Buffer;
}

/** Keys of both directions. */
export interface SrtpKeyPair {
  receiving: SrtpKeys;
  sending: SrtpKeys;
}

/** Session keys of one protocol, RTP or RTCP. */
export interface SessionKeys {
  /** 16 bytes. */
  cipherKey: Buffer;
  /** Same length as the master salt: 14 or 12 bytes. */
  salt: Buffer;
  /** 20 bytes for HMAC-SHA1; empty for a profile with built-in authentication (AEAD). */
  authenticationKey: Buffer;
}

const SALT_BYTES: Record<SrtpProfile, number> = {
  AES_CM_128_HMAC_SHA1_80: 14,
  AEAD_AES_128_GCM: 12,
};

/** Labels of RFC 3711 §4.3.2. */
const LABELS = {
  rtp: { cipherKey: 0, authenticationKey: 1, salt: 2 },
  rtcp: { cipherKey: 3, authenticationKey: 4, salt: 5 },
};

/**
 * Derives the session keys of RTP or of RTCP from the master key (RFC 3711 §4.3, RFC 7714 §11),
 * with a key derivation rate of 0, the only one in DTLS-SRTP: keys last as long as the session.
 *
 * @throws RangeError if master key or salt have the wrong length for the profile
 */
export function deriveSessionKeys(keys: SrtpKeys, protocol: 'rtp' | 'rtcp'): SessionKeys {
  if (keys.masterKey.length !== 16) {
    throw new RangeError(`masterKey must have 16 bytes, got ${keys.masterKey.length}`);
  }
  const expected = SALT_BYTES[keys.profile];
  if (keys.masterSalt.length !== expected) {
    throw new RangeError(
      `masterSalt must have ${expected} bytes for ${keys.profile}, got ${keys.masterSalt.length}`,
    );
  }
  const label = LABELS[protocol];
  const authenticated = keys.profile === 'AEAD_AES_128_GCM';
  return {
    cipherKey: derive(keys, label.cipherKey, 16),
    salt: derive(keys, label.salt, expected),
    authenticationKey: derive(keys, label.authenticationKey, authenticated ? 0 : 20),
  };
}

/**
 * The pseudo-random function of RFC 3711 §4.3.3: the AES-CM keystream that starts at `(label << 48)
 * XOR salt`, with the salt left-aligned in 14 bytes (RFC 7714 §11 pads the shorter salt of GCM with
 * zeros on the right).
 */
function derive(keys: SrtpKeys, label: number, length: number): Buffer {
  const start = Buffer.alloc(16);
  keys.masterSalt.copy(start);
  start[7]! ^= label;
  return createCipheriv('aes-128-ctr', keys.masterKey, start).update(Buffer.alloc(length));
}
