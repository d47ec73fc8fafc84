import { createHmac } from 'node:crypto';
import t from 'tap';
import { SrtpAesCm } from '../../src/rtp/srtp-aes-cm.ts';
import { SrtpAesGcm } from '../../src/rtp/srtp-aes-gcm.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('AES-CM gives the keystream of RFC 3711 appendix B.2', async (t) => {
  const authenticationKey = Buffer.alloc(20, 1);
  const cipher = new SrtpAesCm({
    cipherKey: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
    salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
    authenticationKey,
  });
  // SSRC, rollover and sequence number 0; what decrypts zeros is the keystream itself. The later blocks of
  // the appendix are beyond the largest datagram.
  const packet = Buffer.alloc(12 + 3 * 16);
  packet[0] = 0x80;
  const tag = createHmac('sha1', authenticationKey).update(packet).update(Buffer.alloc(4)).digest();
  const keystream = cipher.openRtp(Buffer.concat([packet, tag.subarray(0, 10)]), 12, 0, 0);
  t.same(
    keystream,
    hex(
      'E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0',
    ),
  );
});

const gcmKeys = {
  cipherKey: hex('000102030405060708090a0b0c0d0e0f'),
  salt: hex('517569642070726f2071756f'),
  authenticationKey: Buffer.alloc(0),
};

t.test('AES-GCM opens the SRTP packet of RFC 7714 §16.1', async (t) => {
  const cipher = new SrtpAesGcm(gcmKeys);
  const packet = hex(
    '8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f' +
      '42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce',
  );
  const payload = cipher.openRtp(packet, 12, 0x5501a0b2, 0xf17b);
  t.equal(payload?.toString(), 'Gallia est omnis divisa in partes tres');
  t.equal(cipher.openRtp(packet, 12, 0x5501a0b2, 0x1f17b), undefined, 'not at another rollover');
  for (let position = 0; position < packet.length; position++) {
    const forged = Buffer.from(packet);
    forged[position]! ^= 0x01;
    if (cipher.openRtp(forged, 12, 0x5501a0b2, 0xf17b) !== undefined) {
      t.fail(`byte ${position} can be changed unnoticed`);
    }
  }
});

const RTCP =
  '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61' +
  'deadbeef deadbeef deadbeef deadbeef deadbeef';

t.test('AES-GCM opens and seals the encrypted SRTCP packet of RFC 7714 §17.1', async (t) => {
  const cipher = new SrtpAesGcm(gcmKeys);
  const packet = hex(
    '81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1' +
      '730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4',
  );
  t.equal(cipher.rtcpIndex(packet), 0x5d4);
  t.same(cipher.openRtcp(packet), hex(RTCP));
  const past = { highest: 0x5d3 };
  const keystream = cipher.keystreamAhead(hex(RTCP).readUInt32BE(4), past);
  t.same(cipher.sealRtcp(hex(RTCP), 0x5d4, keystream), packet);
  keystream.release();
  t.same(cipher.sealRtcp(hex(RTCP), 0x5d4, keystream), packet, 'without keystream ahead');
  for (let position = 0; position < packet.length; position++) {
    const forged = Buffer.from(packet);
    forged[position]! ^= 0x80;
    if (cipher.openRtcp(forged) !== undefined) t.fail(`byte ${position} can be changed unnoticed`);
  }
});

t.test('AES-GCM opens the SRTCP packet of RFC 7714 §17.3, tagged but not encrypted', async (t) => {
  const cipher = new SrtpAesGcm(gcmKeys);
  const packet = hex(`${RTCP} 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`);
  t.same(cipher.openRtcp(packet), hex(RTCP));
  packet[10]! ^= 1;
  t.equal(cipher.openRtcp(packet), undefined);
});

t.test('AES-CM opens SRTCP that is authenticated but not encrypted (RFC 3711 §3.4)', async (t) => {
  const authenticationKey = Buffer.alloc(20, 2);
  const cipher = new SrtpAesCm({
    cipherKey: Buffer.alloc(16, 3),
    salt: Buffer.alloc(14, 4),
    authenticationKey,
  });
  const plain = hex(RTCP);
  const authenticated = Buffer.concat([plain, hex('00000007')]);
  const tag = createHmac('sha1', authenticationKey).update(authenticated).digest();
  const packet = Buffer.concat([authenticated, tag.subarray(0, 10)]);
  t.equal(cipher.rtcpIndex(packet), 7);
  t.same(cipher.openRtcp(packet), plain);
  packet[20]! ^= 1;
  t.equal(cipher.openRtcp(packet), undefined);
});
