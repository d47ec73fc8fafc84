import t from 'tap';
import { ntpMiddle32, ntpToUnixUs } from '../../src/rtp/rtcp-ntp-time.ts';

t.test('turns NTP time into µs since the Unix epoch', async (t) => {
  t.equal(ntpToUnixUs(2_208_988_800, 0), 0);
  t.equal(ntpToUnixUs(2_208_988_800 + 1_753_315_200, 0x80000000), 1_753_315_200_500_000);
  t.equal(ntpToUnixUs(3_962_304_000, 4295), 1_753_315_200_000_001, '1 µs is 4294.97 units');
  t.equal(ntpToUnixUs(3_962_304_000, 0xffffffff), 1_753_315_201_000_000, 'rounds to the nearest');
  t.equal(ntpToUnixUs(0, 0), Date.UTC(2036, 1, 7, 6, 28, 16) * 1000, 'the era after 2036');
});

t.test('agrees with whole-number arithmetic for any fraction', async (t) => {
  let fraction = 1;
  let wrong = 0;
  for (let round = 0; round < 2000; round++) {
    fraction = (Math.imul(fraction, 1664525) + 1013904223) >>> 0;
    const exact = (BigInt(fraction) * 1_000_000n + (1n << 31n)) >> 32n;
    if (ntpToUnixUs(2_208_988_800, fraction) !== Number(exact)) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('takes the middle 32 bits', async (t) => {
  t.equal(ntpMiddle32(0x1234abcd, 0xef015678), 0xabcdef01);
});
