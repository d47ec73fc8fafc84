import t from 'tap';
import { dayOf, dayPath, dayStartOf, isDayFolder, isYear } from '../../src/layout/day-path.ts';

const DAY = Date.UTC(2026, 10, 28) * 1000;

t.test('a day becomes a path, and the path the day', (t) => {
  for (const us of [DAY, DAY + 1, DAY + 86_399_999_999]) t.equal(dayPath(us), '2026/11/28');
  t.equal(dayPath(DAY - 1), '2026/11/27');
  for (const folder of [
    '2026/11/28',
    'a/cam1/2026/11/28',
    '/srv/cam1/2026/11/28',
    'C:\\r\\2026\\11\\28',
  ]) {
    t.ok(isDayFolder(folder), folder);
    t.equal(dayStartOf(folder), DAY, folder);
    t.equal(dayOf(folder), '2026-11-28', folder);
  }
  t.end();
});

t.test('other folders have no day', (t) => {
  const others = [
    '',
    'cam1',
    '2026/11',
    '12026/11/28',
    '2026/11/28/',
    '2026/11/28/x',
    'a2026/11/28',
  ];
  for (const folder of others) {
    t.notOk(isDayFolder(folder), folder);
    t.equal(dayStartOf(folder), undefined, folder);
    t.equal(dayOf(folder), undefined, folder);
  }
  t.ok(isYear('2026'));
  for (const part of ['202', '20261', 'y2026', '2026 ', '']) t.notOk(isYear(part), part);
  t.end();
});
