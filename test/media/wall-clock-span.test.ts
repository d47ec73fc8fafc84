import t from 'tap';
import { wallClockSpan, wallClockUs } from '../../src/media/wall-clock-span.ts';

const DAY = Date.UTC(2026, 2, 4) * 1000;

t.test('a segment that was never closed lies where its start says', (t) => {
  const startTime = (DAY / 1e6) * 90_000;
  const head = { startTime, endTime: startTime, startUs: DAY - 2e6, endUs: DAY - 2e6 };
  const span = wallClockSpan(head, startTime, startTime + 180_000, 90_000);
  t.same(span, { startTime, endTime: startTime + 180_000, startUs: DAY - 2e6, endUs: DAY });
  t.same(wallClockSpan(undefined, startTime, startTime + 90_000, 90_000), {
    startTime,
    endTime: startTime + 90_000,
    startUs: DAY,
    endUs: DAY + 1e6,
  });
  t.equal(
    wallClockSpan(span, startTime, startTime + 180_000, 90_000),
    span,
    'a closed one does not',
  );
  t.end();
});

t.test('times in between are interpolated', (t) => {
  const span = { startTime: 1000, endTime: 91_000, startUs: 50, endUs: 1_000_550 };
  t.equal(wallClockUs(span, 1000), 50);
  t.equal(wallClockUs(span, 46_000), 500_300);
  t.equal(wallClockUs(span, 91_000), 1_000_550);
  t.end();
});
