import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { makeFolder } from '../../src/files/durable-file.ts';
import { makeWritable } from '../../src/files/writable-folder.ts';
import { smallDisk } from './small-disk.ts';

const silent = { warn() {} };
const make = (folder: string) => makeWritable(folder, 'recorder.storage.root', silent);

t.test('a folder is made with all above it, and left empty', async (t) => {
  const folder = path.join(t.testdir({}), 'a/b/c');
  await make(folder);
  await make(folder);
  t.same(readdirSync(folder), []);
});

const onLinux = { skip: process.platform !== 'linux' && 'only Linux has /proc' };

t.test('where no folder can be made it is said at once', onLinux, async (t) => {
  for (const folder of ['/proc/nope', '/proc/nope/records']) {
    await t.rejects(make(folder), {
      message: `recorder.storage.root: ${folder} cannot be used (ENOENT): no folder can be created there; choose one on a disk`,
    });
  }
});

t.test('a read-only disk is called so', async (t) => {
  const disk = smallDisk(t, '1m');
  if (disk === undefined) return;
  await makeFolder(path.join(disk, 'there'));
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  for (const folder of ['there', 'new/records']) {
    await t.rejects(make(path.join(disk, folder)), {
      message: /cannot be used \(EROFS\): the file system is read-only/,
    });
  }
});

t.test('what is no folder', async (t) => {
  const dir = t.testdir({ file: 'x' });
  symlinkSync(path.join(dir, 'nowhere'), path.join(dir, 'dangling'));
  symlinkSync('round', path.join(dir, 'round'));
  for (const [folder, code] of [
    ['file', 'ENOTDIR'],
    ['file/records', 'ENOTDIR'],
    ['dangling', 'EEXIST'],
    ['round', 'ELOOP'],
    ['x'.repeat(300), 'ENAMETOOLONG'],
  ] as const) {
    await t.rejects(
      make(path.join(dir, folder)),
      { message: `cannot be used (${code}): ` },
      folder,
    );
  }
});
