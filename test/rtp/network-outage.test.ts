import t from 'tap';
import { isNetworkOut } from '../../src/rtp/network-outage.ts';

t.test('silence is an outage when it lasts, but not for ever', async (t) => {
  const heardUs = 1_753_315_200_000_000;
  const table: [silentMs: number, isOut: boolean][] = [
    [0, false],
    [40, false],
    [200, false],
    [300, true],
    [2000, true],
    [3900, true],
    [4000, false],
    [60_000, false],
  ];
  for (const [silentMs, isOut] of table) {
    t.equal(isNetworkOut(heardUs + silentMs * 1000, heardUs), isOut, `${silentMs} ms`);
  }
  t.equal(isNetworkOut(heardUs, 0), false, 'before the first packet');
});
