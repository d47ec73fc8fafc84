import t from 'tap';
import {
  filePath,
  folderOf,
  nameOf,
  objectPath,
  objectPathFault,
  readableObjectPath,
} from '../../src/layout/object-path.ts';
import { baseFolder, dayFolder } from '../../src/layout/stream-folder.ts';

const CAM = 'cam1/2026/11/28/seg_0001.m4s';

t.test('a path is made of folder and name, and taken apart again', (t) => {
  t.equal(objectPath('cam1/2026/11/28', 'seg_0001.m4s'), CAM);
  t.equal(objectPath('', 'cam1'), 'cam1');
  t.equal(folderOf(CAM), 'cam1/2026/11/28');
  t.equal(nameOf(CAM), 'seg_0001.m4s');
  t.equal(folderOf('cam1'), '');
  t.equal(nameOf('cam1'), 'cam1');
  t.equal(filePath('/srv/recordings', CAM), `/srv/recordings/${CAM}`);
  t.end();
});

t.test('what is no object path says why', (t) => {
  for (const path of ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/./b', 'a/../b', '../a', 'a/..']) {
    t.match(objectPathFault(path), /empty/, path);
  }
  t.match(objectPathFault('a\n/b'), /control/);
  t.match(objectPathFault('a\0'), /control/);
  t.match(objectPathFault('a/\ud800'), /Unicode/);
  for (const path of [CAM, 'a', '..a', 'a..', '...', '.index/x', 'é/日本']) {
    t.equal(objectPathFault(path), undefined, path);
  }
  t.end();
});

t.test('every day folder that we make is an object path that a request can name', (t) => {
  const names = ['..', '.', 'a/../b', '.index', 'x.part', '日本', '😀', '%2e%2e', ' ', 'a\\..\\b'];
  for (const stream of names) {
    for (const base of ['', ...names.filter((name) => !/(^|\/)\.{1,2}($|\/)/.test(name))]) {
      const folder = dayFolder(stream, Date.UTC(2026, 10, 28) * 1000, baseFolder(base, stream));
      const path = objectPath(folder, 'seg_0001.m4s');
      t.equal(readableObjectPath(path), path);
    }
  }
  t.end();
});

t.test('a request sees neither what is hidden nor what is unfinished', (t) => {
  for (const path of ['.index/segments.jsonl', 'a/.b/c', 'a/.c', `${CAM}.part`]) {
    t.throws(() => readableObjectPath(path), { name: 'Refusal', reason: 'no-such-object' }, path);
  }
  for (const path of ['', 'a/../b', '../a', 'a//b', 'a\\b', 'a\0b', '\ud800']) {
    t.throws(() => readableObjectPath(path), { name: 'NameError', message: /^path: / }, path);
  }
  t.end();
});
