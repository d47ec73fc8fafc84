import t from 'tap';
import { parseRange, parseTime } from '../../src/playback/request-time.ts';
import { Refusal } from '../../src/refusal.ts';

const MIDNIGHT_US = Date.UTC(2025, 6, 24) * 1000;

t.test('times that may stand in a request', async (t) => {
  for (const [text, us] of [
    ['1753315200000000', MIDNIGHT_US],
    ['0', 0],
    ['2025-07-24T00:00:00Z', MIDNIGHT_US],
    ['2025-07-24t00:00:00z', MIDNIGHT_US],
    ['2025-07-24T00:00Z', MIDNIGHT_US],
    ['2025-07-24T08:00:00.000+08:00', MIDNIGHT_US],
    // As a query has it where nobody has encoded the plus sign.
    ['2025-07-24T08:00:00 08:00', MIDNIGHT_US],
    ['2025-07-23T20:30:00-0330', MIDNIGHT_US],
    ['2025-07-24T00:00:00.1234567Z', MIDNIGHT_US + 123_456],
    ['2025-07-24T00:00:00,5Z', MIDNIGHT_US + 500_000],
    ['2024-02-29T12:00:00Z', Date.UTC(2024, 1, 29, 12) * 1000],
  ] as const) {
    t.equal(parseTime(text, 'start'), us, text);
  }
});

t.test('times that may not, and what to write instead', async (t) => {
  for (const [text, message] of [
    ['1753315200', /start: looks like seconds/],
    ['1753315200000', /start: looks like milliseconds/],
    ['99999999999999999999', /below 2\^53/],
    ['2025-07-24T08:00:00', /needs an offset at its end, as 2025-07-24T08:00:00Z/],
    ['2025-07-24', /must be whole µs since the Unix epoch/],
    ['2025-02-30T00:00:00Z', /no date and time that there is/],
    ['2025-07-24T25:00:00Z', /no date and time that there is/],
    ['2025-07-24T08:00:00+24:00', /no date and time that there is/],
    ['1969-12-31T23:59:59Z', /before 1970/],
    ['-1', /must be/],
    ['yesterday', /must be/],
    ['', /must be/],
  ] as const) {
    t.throws(
      () => parseTime(text, 'start'),
      { name: 'Refusal', reason: 'bad-time', message },
      text,
    );
  }
});

t.test('ranges', async (t) => {
  const start = String(MIDNIGHT_US);
  t.same(parseRange({ start }), { startUs: MIDNIGHT_US, endUs: undefined });
  t.same(parseRange({}, 0), { startUs: 0, endUs: undefined });
  t.same(parseRange({ start, end: String(MIDNIGHT_US + 1) }).endUs, MIDNIGHT_US + 1);
  t.throws(() => parseRange({ start, end: start }), { message: 'end: must be later than start' });
  t.throws(() => parseRange({}), { message: /start: is missing/ });
  t.throws(() => parseRange({ start, end: 'x' }), Refusal);
});
