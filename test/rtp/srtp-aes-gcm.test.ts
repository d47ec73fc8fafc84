import { createCipheriv } from 'node:crypto';
import t from 'tap';
import { srtpMemory } from '../../src/rtp/srtp-memory.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Opens as SrtpAesGcm does, but with any initialization vector. */
function openWith(key: Buffer, iv: Buffer, associated: Buffer, body: Buffer, tag: Buffer) {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const tables = srtpMemory.tablesOf(cipher.update(Buffer.alloc(16)));
  const blocks = 1 + Math.ceil(body.length / 16);
  const address = srtpMemory.loneKeystream;
  srtpMemory.writeGcmCounters(Buffer.concat([iv, Buffer.alloc(4)]), 0, address, 1, blocks);
  srtpMemory.setKeystream(address, cipher.update(srtpMemory.keystream(address, blocks * 16)));
  const datagram = Buffer.concat([associated, body, tag]);
  return srtpMemory.openGcm(tables, datagram, associated.length, body.length, address);
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
