import { SrtpAesCm } from './srtp-aes-cm.ts';
import { SrtpAesGcm } from './srtp-aes-gcm.ts';
import type { SrtpCipher } from './srtp-cipher.ts';
import { deriveSessionKeys, type SrtpKeys } from './srtp-keys.ts';

/**
 * The cipher of `keys.profile` with session keys for `protocol`.
 *
 * @throws RangeError if a key has the wrong length
 */
export function createSrtpCipher(keys: SrtpKeys, protocol: 'rtp' | 'rtcp'): SrtpCipher {
  const session = deriveSessionKeys(keys, protocol);
  return keys.profile === 'AEAD_AES_128_GCM' ? new SrtpAesGcm(session) : new SrtpAesCm(session);
}
