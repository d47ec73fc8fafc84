import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { type FreeSpace, FreeSpaceWatch, freeSpace } from '../../src/files/free-space.ts';
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
