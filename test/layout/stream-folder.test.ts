import path from 'node:path';
import t from 'tap';
import { dayEndUs, dayStartUs } from '../../src/layout/day.ts';
import { baseFolder, dayFolder, isOfStream, streamFolder } from '../../src/layout/stream-folder.ts';

const HOSTILE = [
  ...['..', '.', '../../etc/passwd', 'a/b', 'a%2Fb', 'a\\b', 'é', 'é'.normalize('NFD'), '日本語'],
  ...['CON', 'con.txt', 'nul', 'a.', 'a ', '.hidden', 'x'.repeat(300), 'x'.repeat(301)],
  ...['日'.repeat(100), '-rf', '~', 'a:b', '*?<>|"', '😀', 'room#1?x=1&y', '%', '%~', '%2E'],
];

t.test('no id leaves the root, and no two ids share a folder', async (t) => {
  const seen = new Map<string, string>();
  for (const id of HOSTILE) {
    const folder = streamFolder(id);
    t.equal(
      path.dirname(path.join('/root', folder)),
      '/root',
      `${JSON.stringify(id)} stays inside`,
    );
    t.ok(Buffer.byteLength(folder) <= 200, 'short enough for any file system');
    t.match(folder, /^[A-Za-z0-9_%~-][A-Za-z0-9._%~-]*$/);
    t.equal(seen.get(folder), undefined, `${folder} is new`);
    seen.set(folder, id);
  }
  t.equal(streamFolder('cam1'), 'cam1', 'plain names stay readable');
});

t.test('ids that cannot be a stream are refused by name', async (t) => {
  for (const id of ['', 'segments', 'object', 'a\0b', 'a\nb', 'a\u0085b', '\ud800', '\udfffx']) {
    t.throws(() => streamFolder(id), {
      name: 'NameError',
      message: /^stream: /,
    });
  }
});

t.test('a base directory keeps its parts and stays below the root', async (t) => {
  t.equal(baseFolder('/archive//1753315200/', 'cam1'), 'archive/1753315200');
  t.equal(baseFolder('', '2026'), '');
  t.equal(baseFolder('a b/ü', 'cam1'), 'a%20b/%C3%BC');
  for (const base of ['..', 'a/../b', './a', 'a\0', 'x/'.repeat(13)]) {
    t.throws(() => baseFolder(base, 'cam1'), { name: 'NameError', message: /^base_dir: / }, base);
  }
});

t.test('no base directory leads into the day folders of a stream', (t) => {
  for (const base of ['2026', 'cam1/2026', 'cam1/2026/11/28', 'cam1/2026/11/28/manifest.mpd']) {
    t.throws(
      () => baseFolder(base, 'cam2'),
      { name: 'NameError', message: /^base_dir: "2026"/ },
      base,
    );
  }
  t.throws(() => baseFolder('cam1', '2026'), {
    name: 'NameError',
    message: /^base_dir: the stream/,
  });
  t.equal(baseFolder('cam1', 'manifest.mpd'), 'cam1');
  t.equal(baseFolder('cam1/20261/202', '20261'), 'cam1/20261/202');
  t.end();
});

t.test('an object is of the stream before the day', (t) => {
  for (const [key, stream] of [
    ['cam1/2026/11/28/seg_0001.m4s', 'cam1'],
    ['a/b/cam1/2026/11/28/manifest.mpd', 'cam1'],
    ['2026/2026/11/28/manifest.mpd', '2026'],
    ['a%2Fb/2026/11/28/manifest.mpd', 'a/b'],
  ] as const) {
    t.ok(isOfStream(key, stream), `${key} is of ${stream}`);
  }
  for (const [key, stream] of [
    ['cam2/2026/11/28/seg_0001.m4s', 'cam1'],
    ['cam1/cam2/2026/11/28/seg_0001.m4s', 'cam1'],
    ['cam1/a/b/c/seg_0001.m4s', 'cam1'],
    ['cam1/2026/11/28/more/seg_0001.m4s', '2026'],
    ['cam1/2026/11/28', 'cam1'],
    ['cam1', 'cam1'],
  ] as const) {
    t.notOk(isOfStream(key, stream), `${key} is not of ${stream}`);
  }
  t.end();
});

t.test('day folders are those of the UTC day', async (t) => {
  const us = Date.UTC(2026, 11, 31, 23, 59, 59, 999) * 1000;
  t.equal(dayFolder('cam1', us), 'cam1/2026/12/31');
  t.equal(dayFolder('cam1', us + 1000, 'archive'), 'archive/cam1/2027/01/01');
  t.equal(dayStartUs(us), Date.UTC(2026, 11, 31) * 1000);
  t.equal(dayEndUs(us), Date.UTC(2027, 0, 1) * 1000);
  t.equal(dayStartUs(dayEndUs(us)), dayEndUs(us));
});
