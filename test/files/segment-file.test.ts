import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { makeFolder, replaceFile } from '../../src/files/durable-file.ts';
import { SegmentFile } from '../../src/files/segment-file.ts';
import { smallDisk } from './small-disk.ts';

t.test('a segment has its name only when it is whole', async (t) => {
  const file = path.join(t.testdir({}), 'seg_0001.m4s');
  const segment = (await SegmentFile.claim(file))!;
  await segment.append([Buffer.from('ab'), Buffer.from('cde')], 5);
  await segment.append([Buffer.from('fg')], 2);
  await segment.patch(Buffer.from('XY'), 1);
  t.same(readdirSync(path.dirname(file)), ['seg_0001.m4s.part']);
  await segment.commit();
  t.same(readdirSync(path.dirname(file)), ['seg_0001.m4s']);
  t.equal(readFileSync(file, 'utf8'), 'aXYdefg');
  t.equal(segment.size, 7);
});

t.test('a gather list longer than one system call takes', async (t) => {
  const file = path.join(t.testdir({}), 'seg_0001.m4s');
  const segment = (await SegmentFile.claim(file))!;
  const parts = Array.from({ length: 2500 }, (_, i) => Buffer.from(`${i};`));
  const whole = Buffer.concat(parts);
  await segment.append(parts, whole.length);
  await segment.commit();
  t.ok(readFileSync(file).equals(whole));
});

t.test('a name that is taken is not given again', async (t) => {
  const file = path.join(t.testdir({ 'seg_0001.m4s': 'evidence' }), 'seg_0001.m4s');
  t.equal(await SegmentFile.claim(file), undefined, 'committed before');
  t.same(readdirSync(path.dirname(file)), ['seg_0001.m4s'], 'the claim leaves nothing');
  const other = path.join(path.dirname(file), 'seg_0002.m4s');
  const first = (await SegmentFile.claim(other))!;
  t.equal(await SegmentFile.claim(other), undefined, 'being written');
  await first.discard();
  t.equal(readFileSync(file, 'utf8'), 'evidence');
});

t.test('a full disk leaves whole chunks only, and the old manifest', async (t) => {
  const disk = smallDisk(t, '256k');
  if (disk === undefined) return;
  const manifest = path.join(disk, 'manifest.mpd');
  await replaceFile(manifest, 'old');
  const segment = (await SegmentFile.claim(path.join(disk, 'seg_0001.m4s')))!;
  const chunk = Buffer.alloc(100 << 10, 1);
  await segment.append([chunk], chunk.length);
  await segment.append([chunk], chunk.length);
  await t.rejects(segment.append([chunk], chunk.length), { code: 'ENOSPC' });
  t.equal(statSync(path.join(disk, 'seg_0001.m4s.part')).size, 200 << 10);
  await segment.commit();
  t.equal(statSync(path.join(disk, 'seg_0001.m4s')).size, 200 << 10);
  await t.rejects(replaceFile(manifest, Buffer.alloc(100 << 10)), { code: 'ENOSPC' });
  t.equal(readFileSync(manifest, 'utf8'), 'old');
  t.same(readdirSync(disk).sort(), ['manifest.mpd', 'seg_0001.m4s']);
});

t.test('a folder is made with all above it, and an existing one is fine', async (t) => {
  const folder = path.join(t.testdir({}), 'a/b/c');
  await makeFolder(folder);
  await makeFolder(folder);
  writeFileSync(path.join(folder, 'x'), '');
  t.ok(statSync(path.join(folder, 'x')).isFile());
});

t.test('a file that was deleted takes one more chunk at most, and is not committed', async (t) => {
  for (const appends of [0, 1, 2, 3]) {
    const folder = t.testdir({});
    const segment = (await SegmentFile.claim(path.join(folder, 'seg_0001.m4s')))!;
    for (let n = 0; n < appends; n++) await segment.append([Buffer.alloc(10)], 10);
    await rm(path.join(folder, 'seg_0001.m4s.part'));
    const twice = async () => {
      for (let n = 0; n < 2; n++) await segment.append([Buffer.alloc(10)], 10);
    };
    await t.rejects(twice(), { code: 'ENOENT' });
    await t.rejects(segment.commit(), { code: 'ENOENT' });
    t.ok(segment.isClosed);
  }
});
