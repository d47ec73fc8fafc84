import t from 'tap';
import { h265Refusal } from '../../../src/codecs/h265/refusal.ts';

t.test('what cannot be recorded is refused in words', async (t) => {
  t.equal(h265Refusal({}), undefined);
  t.equal(h265Refusal({ 'sprop-max-don-diff': '0', 'tx-mode': 'SRST' }), undefined);
  t.match(h265Refusal({ 'sprop-max-don-diff': '2' }), /out of decoding order/);
  t.match(h265Refusal({ 'sprop-depack-buf-nalus': '1' }), /out of decoding order/);
  t.match(h265Refusal({ 'tx-mode': 'MRST' }), /several RTP streams \(tx-mode MRST\)/);
});
