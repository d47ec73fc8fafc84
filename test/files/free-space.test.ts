import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { FillRate } from '../../src/files/fill-rate.ts';
import {
  type FreeSpace,
  FreeSpaceWatch,
  freeSpace,
  type SpaceChange,
} from '../../src/files/free-space.ts';
import { ManualClock } from '../sources/manual-clock.ts';
import { smallDisk } from './small-disk.ts';

t.test('what a disk takes', async (t) => {
  const disk = smallDisk(t, '1m');
  if (disk === undefined) return;
  const empty = await freeSpace(disk);
  t.equal(empty.totalBytes, 1 << 20);
  const file = path.join(disk, 'file');
  writeFileSync(file, Buffer.alloc(1 << 19));
  const half = await freeSpace(disk);
  t.equal(half.freeBytes, empty.freeBytes - (1 << 19));
  t.equal(half.freeInodes, empty.freeInodes! - 1);
  rmSync(file);
});

t.test('warnings come at 10 % and at 5 %, once each', async (t) => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const line = (_fields: object, message: string) => lines.push(message);
  let space: FreeSpace = { freeBytes: 50, totalBytes: 100 };
  const watch = new FreeSpaceWatch(
    '/records',
    { info: line, warn: line },
    clock,
    async () => space,
  );
  await watch.start();
  const at = async (freeBytes: number, freeInodes = 100) => {
    lines.length = 0;
    space = { freeBytes, totalBytes: 100, freeInodes, totalInodes: 100 };
    clock.advance(5_000);
    await setImmediate();
    return [...lines];
  };
  const less = (share: number, what: string) => [
    `the disk of the recordings has less than ${share} % free ${what}`,
  ];
  t.same(await at(10), []);
  t.same(await at(9.9), less(10, 'space'));
  t.same(await at(8), [], 'once');
  t.same(await at(11), [], 'it has to be clearly above');
  t.same(await at(9), []);
  t.same(await at(4), less(5, 'space'));
  t.same(await at(0), []);
  t.same(await at(8), []);
  t.same(await at(4), less(5, 'space'), 'it had come back');
  t.same(await at(50), ['the disk has space again']);
  t.same(await at(0), less(5, 'space'), 'from much to nothing');
  t.same(await at(50, 3), [...less(5, 'inodes'), 'the disk has space again'].toReversed());
  watch.stop();
});

t.test(
  'marks of any size are told with what is left, and when there is enough again',
  async (t) => {
    const clock = new ManualClock();
    const log = { info: () => {}, warn: (_fields: object, line: string) => lines.push(line) };
    const lines: string[] = [];
    const changes: SpaceChange[] = [];
    let freeBytes = 1e12;
    const read = async () => ({ freeBytes, totalBytes: 1e12, freeInodes: 1, totalInodes: 100 });
    const marks = [{ bytes: 20e9 }, { share: 0.002 }];
    const watch = new FreeSpaceWatch('/records', log, clock, read, marks);
    watch.onChange = (change) => changes.push(change);
    await watch.start();
    const at = async (bytes: number) => {
      changes.length = 0;
      freeBytes = bytes;
      clock.advance(5_000);
      await setImmediate();
      return changes.map(({ resource, mark }) => [resource, mark]);
    };
    t.equal(watch.isLow, false, 'a mark in bytes says nothing of inodes');
    t.strictSame(await at(19e9), [['space', { bytes: 20e9 }]]);
    t.equal(watch.isLow, true);
    t.strictSame(await at(1e9), [['space', { share: 0.002 }]]);
    t.strictSame(lines, [
      'the disk of the recordings has less than 20000000000 bytes free space',
      'the disk of the recordings has less than 0.2 % free space',
    ]);
    t.strictSame(await at(23e9), [], 'not clearly above');
    t.strictSame(await at(24e9), [['space', undefined]]);
    t.equal(watch.isLow, false);
    watch.stop();
  },
);

t.test('when the disk will be full', async (t) => {
  const Hour = 3_600_000;
  const rate = new FillRate();
  const fill = (fromMs: number, toMs: number, from: number, perHour: number) => {
    for (let ms = fromMs; ms <= toMs; ms += 5_000) {
      rate.note(from - ((ms - fromMs) / Hour) * perHour, 1e12, ms);
    }
  };
  fill(0, Hour / 12, 500e9, 1e9);
  t.equal(rate.secondsUntilFull, undefined, 'five minutes say nothing');
  fill(0, Hour, 500e9, 1e9);
  t.equal(rate.secondsUntilFull, 499 * 3600);
  fill(Hour, 48 * Hour, 499e9, 2e9);
  t.equal(rate.secondsUntilFull, Math.round((405 / 2) * 3600), 'of the last day alone');
  rate.note(600e9, 1e12, 48 * Hour + 5_000);
  t.equal(rate.secondsUntilFull, undefined, 'somebody has tidied up');
  fill(48 * Hour + 10_000, 49 * Hour, 600e9, -1e9);
  t.equal(rate.secondsUntilFull, undefined, 'it empties');
});
