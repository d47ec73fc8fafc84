import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { appendFile, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { encodeArray, encodeEntry, encodeHeader } from '../../src/journal/journal-line.ts';
import { segmentJournal } from '../../src/segment-index/segment-journal.ts';
import { journalOf, listed, openIndex, segment } from './open-index.ts';

t.test('damage is counted and logged once, and the file is left as it is', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const whole = await journalOf(path, 4);
  const [header, ...lines] = whole.toString().split('\n');
  const text = [
    header,
    lines[0],
    'x'.repeat(3_000_000),
    lines[1],
    '',
    lines[1],
    '\0'.repeat(100),
    lines[2],
    encodeEntry(segmentJournal, { type: 'segment', createdAt: 1, segment: segment(9) }).trimEnd(),
    lines[3],
    '',
  ].join('\n');
  await writeFile(path, text);
  const { index, logged } = await openIndex(path);
  t.strictSame(listed(index), [0, 1, 2, 3]);
  t.equal(logged.length, 1);
  t.match(logged[0], {
    message: /damaged/,
    fields: { lines: 5, firstOffset: header!.length + lines[0]!.length + 2 },
  });
  await index.close();
  t.equal(await readFile(path, 'utf8'), text);
});

t.test('a lost header costs nothing', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const whole = await journalOf(path, 2);
  whole[12]! ^= 1;
  await writeFile(path, whole);
  const { index, logged } = await openIndex(path);
  t.strictSame(listed(index), [0, 1]);
  t.equal(logged.length, 1);
  await index.close();
});

t.test('a file that is not a journal is refused and left as it is', async (t) => {
  const folder = t.testdir({ text: 'ten lines\nof poetry', half: 'nothing whole' });
  for (const [name, content] of [
    ['text', 'ten lines\nof poetry'],
    ['half', 'nothing whole'],
  ] as const) {
    const path = join(folder, name);
    await t.rejects(openIndex(path), { message: /is not a segment journal.*index_path/ });
    t.equal(await readFile(path, 'utf8'), content);
  }
  const later = join(folder, 'later');
  await writeFile(later, encodeHeader(segmentJournal, { version: 2, lastStamp: 0 }));
  await t.rejects(openIndex(later), { message: /later version/ });
  t.strictSame((await readdir(folder)).sort(), ['half', 'later', 'text'], 'no lock is left');
});

t.test('an empty file, and what a crash left of a rewriting, are no hindrance', async (t) => {
  const folder = t.testdir({ 'index.journal': '', 'index.journal.new': 'half of a rewr' });
  const path = join(folder, 'index.journal');
  const { index, logged } = await openIndex(path);
  await index.add(segment(0));
  await index.close();
  t.strictSame(logged, []);
  t.strictSame(await readdir(folder), ['index.journal']);
  const again = await openIndex(path);
  t.strictSame(listed(again.index), [0]);
  await again.index.close();
});

t.test('makes the folder of the journal', async (t) => {
  const { index } = await openIndex(join(t.testdir(), 'a/b/index.journal'));
  await index.add(segment(0));
  await index.close();
});

t.test('what was dropped stays dropped, what came later stays', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const first = await openIndex(path);
  for (let n = 0; n < 5; n++) await first.index.add(segment(n));
  t.equal(await first.index.evict(segment(2).endUs), 3);
  await first.index.add(segment(1));
  t.strictSame(listed(first.index), [3, 4, 1]);
  await first.index.close();
  const second = await openIndex(path);
  t.strictSame(listed(second.index), [3, 4, 1]);
  await second.index.close();
});

/** Mounts a small file system. @throws where this user may not */
function mountDisk(size: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return folder;
}

function unmountDisk(folder: string): void {
  execFileSync('umount', [folder]);
  rmdirSync(folder);
}

/** Why the tests that need a small disk cannot run; false where they can. */
const skip = (() => {
  try {
    unmountDisk(mountDisk('256k'));
    return false;
  } catch {
    return 'mounting a tmpfs needs root: sudo npx tap test/segment-index/journal.test.ts';
  }
})();

/** Fills what is left of a disk, but for so many bytes. */
async function fillDisk(folder: string, left: number): Promise<string> {
  const ballast = join(folder, 'ballast');
  await appendFile(ballast, Buffer.alloc(8 << 20)).catch((error) => {
    if (error.code !== 'ENOSPC') throw error;
  });
  await truncate(ballast, (await stat(ballast)).size - left);
  return ballast;
}

t.test('a full disk refuses segments and harms none', { skip }, async (t) => {
  const folder = mountDisk('256k');
  t.teardown(() => unmountDisk(folder));
  const path = join(folder, 'index.journal');
  const { index } = await openIndex(path);
  for (let n = 0; n < 100; n++) await index.add(segment(n));
  const ballast = await fillDisk(folder, 0);
  const length = (await stat(path)).size;

  let added = 100;
  let refused = 0;
  // Up to the end of the last page of the file there is still room.
  for (let n = 0; n < 40; n++) {
    const before = index.page({ limit: 1000 });
    const [first, second] = await Promise.allSettled([
      index.add(segment(added)),
      index.add(segment(added + 1)),
    ]);
    t.equal(first.status, second.status);
    if (first.status === 'fulfilled') {
      added += 2;
      continue;
    }
    refused++;
    t.equal(first.reason.code, 'ENOSPC');
    t.ok(index.page({ limit: 1000 }).equals(before), 'as it was');
    t.equal((await readFile(path)).at(-1), 0x0a, 'ends with a whole line');
  }
  t.ok(refused > 20, `${refused} refused`);
  t.ok((await stat(path)).size <= length + 4096);

  await truncate(ballast, 0);
  await index.add(segment(added++));
  t.equal(index.size, added);
  const after = index.page({ limit: 1000 });
  await index.close();
  const again = await openIndex(path);
  t.strictSame(again.logged, [], 'no line was corrupted');
  t.ok(again.index.page({ limit: 1000 }).equals(after));
  await again.index.close();
});

t.test(
  'a journal that cannot be rewritten on a full disk goes on as it is',
  { skip },
  async (t) => {
    const folder = mountDisk('6m');
    t.teardown(() => unmountDisk(folder));
    const path = join(folder, 'index.journal');
    const { index, logged } = await openIndex(path);
    await Promise.all(Array.from({ length: 11_000 }, (_, n) => index.add(segment(n))));
    const ballast = await fillDisk(folder, 8192);
    const { size } = await stat(path);
    t.equal(await index.evict(segment(10_199).endUs), 10_200, 'dropped all the same');
    t.match(logged, [{ message: /could not be compacted/, fields: { err: { code: 'ENOSPC' } } }]);
    t.ok((await stat(path)).size >= size);
    t.strictSame(
      (await readdir(folder)).sort(),
      ['ballast', 'index.journal', 'index.journal.lock'],
      'no half of a new file is left',
    );
    await index.add(segment(11_000));

    await truncate(ballast, 0);
    t.equal(await index.evict(segment(10_200).endUs), 1);
    t.ok((await stat(path)).size < size / 5, 'rewritten once there is room');
    const page = index.page({ limit: 1000 });
    await index.close();
    const again = await openIndex(path);
    t.equal(again.index.size, 800);
    t.ok(again.index.page({ limit: 1000 }).equals(page));
    await again.index.close();
  },
);

t.test('reads a journal larger than its buffer, whatever the line lengths', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const file = await open(path, 'w');
  await file.write(encodeHeader(segmentJournal, { version: 1, lastStamp: 0 }));
  let expected = 0;
  for (let block = 0; block < 40; block++) {
    let lines = '';
    for (let n = 0; n < 100; n++) {
      const codec = 'x'.repeat((expected * 37) % 4096) || 'y';
      expected++;
      lines += encodeEntry(segmentJournal, {
        type: 'segment',
        createdAt: expected,
        segment: segment(expected, { codec }),
      });
    }
    await file.write(lines);
  }
  await file.close();
  const { index, logged } = await openIndex(path);
  t.equal(index.size, expected);
  t.strictSame(logged, []);
  await index.close();
});

t.test(
  'a line with a right checksum that the index cannot hold costs that line alone',
  async (t) => {
    const path = join(t.testdir(), 'index.journal');
    const whole = await journalOf(path, 2);
    const last = whole.subarray(whole.lastIndexOf('\n', whole.length - 2) + 1).toString();
    const good: unknown[] = JSON.parse(last.slice(9));
    const wrong: [place: number, value: unknown][] = [
      ...[null, -5, 1.5, 1e300, '1'].map((value): [number, unknown] => [3, value]),
      ...['x', -1e16, 0.5].map((value): [number, unknown] => [4, value]),
      ...[null, 5, '', 'a\0b', 'x'.repeat(5000)].map((value): [number, unknown] => [1, value]),
      ...[null, ['x'], [0.5], {}].map((value): [number, unknown] => [8, value]),
      ...[
        [2, 'text'] as [number, unknown],
        [5, []] as [number, unknown],
        [10, 'big'] as [number, unknown],
      ],
    ];
    for (const [place, value] of wrong) {
      const line = good.with(place, value).with(0, Number(good[0]) + 1);
      await writeFile(path, whole + encodeArray(line));
      const { index, logged } = await openIndex(path);
      t.same(listed(index), [0, 1], `${place}: ${JSON.stringify(value)?.slice(0, 20)}`);
      t.match(logged, [{ fields: { lines: 1 } }]);
      await index.close();
    }
    await writeFile(path, whole + encodeArray([segmentJournal.name, 1, 'later']));
    const { index } = await openIndex(path);
    t.ok(
      Number.isSafeInteger(await index.add(segment(2))),
      'a header cannot spoil the time stamps',
    );
    await index.close();
  },
);
