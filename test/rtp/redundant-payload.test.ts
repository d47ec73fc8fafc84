import t from 'tap';
import { readRedundantPayload } from '../../src/rtp/redundant-payload.ts';
import { redundantPayload } from './redundancy.ts';

t.test('a payload with two blocks of redundancy', async (t) => {
  const payload = Buffer.from('efc1e003ef80f002 6f 010203 0405 060708'.replaceAll(' ', ''), 'hex');
  t.same(readRedundantPayload(payload), [
    { payloadType: 111, offset: 0x3078, payload: Buffer.from('010203', 'hex') },
    { payloadType: 111, offset: 0x203c, payload: Buffer.from('0405', 'hex') },
    { payloadType: 111, offset: 0, payload: Buffer.from('060708', 'hex') },
  ]);
});

t.test('blocks are read back as they were written', async (t) => {
  const blocks = [
    { payloadType: 0, offset: 16_383, payload: Buffer.alloc(1023, 7) },
    { payloadType: 127, offset: 1, payload: Buffer.alloc(0) },
    { payloadType: 111, offset: 0, payload: Buffer.alloc(2000, 9) },
  ];
  t.same(readRedundantPayload(redundantPayload(blocks)), blocks);
  t.same(readRedundantPayload(redundantPayload(blocks.slice(2))), blocks.slice(2));
});

t.test('what is cut short is none', async (t) => {
  const blocks = [
    { payloadType: 111, offset: 960, payload: Buffer.alloc(10) },
    { payloadType: 111, offset: 0, payload: Buffer.alloc(0) },
  ];
  const payload = redundantPayload(blocks);
  t.ok(readRedundantPayload(payload));
  for (let length = 0; length < payload.length; length++) {
    t.equal(readRedundantPayload(payload.subarray(0, length)), undefined, `${length} bytes`);
  }
});
