import t from 'tap';
import { deriveSessionKeys } from '../../src/rtp/srtp-keys.ts';

t.test('derives the session keys of RFC 3711 appendix B.3', async (t) => {
  const keys = {
    profile: 'AES_CM_128_HMAC_SHA1_80' as const,
    masterKey: Buffer.from('E1F97A0D3E018BE0D64FA32C06DE4139', 'hex'),
    masterSalt: Buffer.from('0EC675AD498AFEEBB6960B3AABE6', 'hex'),
  };
  const session = deriveSessionKeys(keys, 'rtp');
  t.equal(session.cipherKey.toString('hex'), 'c61e7a93744f39ee10734afe3ff7a087');
  t.equal(session.salt.toString('hex'), '30cbbc08863d8c85d49db34a9ae1');
  t.equal(
    session.authenticationKey.toString('hex'),
    'cebe321f6ff7716b6fd4ab49af256a156d38baa4',
    'the first 20 of the 94 bytes that the appendix prints',
  );
  const rtcp = deriveSessionKeys(keys, 'rtcp');
  t.notSame(rtcp.cipherKey, session.cipherKey);
  t.notSame(rtcp.authenticationKey, session.authenticationKey);
});

t.test('refuses keys of the wrong length, and says which', async (t) => {
  const right = {
    profile: 'AEAD_AES_128_GCM' as const,
    masterKey: Buffer.alloc(16),
    masterSalt: Buffer.alloc(12),
  };
  t.doesNotThrow(() => deriveSessionKeys(right, 'rtp'));
  t.throws(() => deriveSessionKeys({ ...right, masterKey: Buffer.alloc(32) }, 'rtp'), {
    message: 'masterKey must have 16 bytes, got 32',
  });
  t.throws(() => deriveSessionKeys({ ...right, masterSalt: Buffer.alloc(14) }, 'rtp'), {
    message: 'masterSalt must have 12 bytes for AEAD_AES_128_GCM, got 14',
  });
  t.throws(() => deriveSessionKeys({ ...right, profile: 'AES_CM_128_HMAC_SHA1_80' }, 'rtcp'), {
    message: 'masterSalt must have 14 bytes for AES_CM_128_HMAC_SHA1_80, got 12',
  });
});
