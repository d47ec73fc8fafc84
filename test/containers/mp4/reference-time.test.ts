import t from 'tap';
import {
  REFERENCE_TIMES_BYTES,
  readReferenceTimes,
  writeReferenceTimes,
} from '../../../src/containers/mp4/reference-time.ts';

const DAY = Date.UTC(2026, 2, 4) * 1000;

t.test('start and end of a segment come back to the microsecond', (t) => {
  // 2036-02-07 06:28:16 UTC is where NTP's seconds begin anew.
  for (const second of [Date.UTC(2026, 2, 4), Date.UTC(2036, 1, 7, 6, 28, 15), Date.UTC(2090, 0)]) {
    for (const fraction of [0, 1, 123_457, 499_999, 999_999]) {
      const startUs = second * 1000 + fraction;
      const startTime = Math.round(((startUs + 8e6) / 1e6) * 90_000);
      const span = {
        startTime,
        endTime: startTime + 900_000,
        startUs,
        endUs: startUs + 10_004_999,
      };
      const bytes = writeReferenceTimes(span);
      t.equal(bytes.length, REFERENCE_TIMES_BYTES);
      t.same(readReferenceTimes(bytes, 90_000), span);
    }
  }
  t.end();
});

t.test('the box is laid out as the standard says', (t) => {
  const startTime = (DAY / 1e6) * 48_000;
  const span = { startTime, endTime: startTime + 48_000, startUs: DAY + 5e5, endUs: DAY + 15e5 };
  t.equal(
    writeReferenceTimes(span).toString('hex', 0, 32),
    // Size, type, version and flags, track, seconds since 1900, half a second, media time.
    `00000020${Buffer.from('prft').toString('hex')}0100001800000001` +
      `${(DAY / 1e6 + 2_208_988_800).toString(16)}80000000${startTime.toString(16).padStart(16, '0')}`,
  );
  t.end();
});

t.test('what is not our head is none', (t) => {
  const span = { startTime: 1, endTime: 2, startUs: 3, endUs: 4 };
  const bytes = writeReferenceTimes(span);
  t.equal(readReferenceTimes(bytes.subarray(0, 63), 90_000), undefined);
  for (const at of [3, 4, 8, 11, 15, 24, 35, 56]) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x80;
    t.equal(readReferenceTimes(damaged, 90_000), undefined, `byte ${at}`);
  }
  t.end();
});
