import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { JournalLock, lockHolder } from '../../src/files/process-lock.ts';
import { openIndex, parse, segment } from '../segment-index/open-index.ts';
import { until } from '../server/until.ts';

const quiet = { warn() {} };

t.test('a journal is open once', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'index.journal');
  const { index } = await openIndex(path);
  await t.rejects(openIndex(path), {
    message: `the segment index is in use by process ${process.pid} (lock file ${path}.lock); stop it, or give this one another recorder.index_path`,
  });
  await index.close();
  t.strictSame(await readdir(folder), ['index.journal'], 'the lock is gone with the index');
});

t.test('the lock of a process that was killed is taken over, and nothing is lost', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const child = spawn(
    process.execPath,
    [
      '--input-type=module-typescript',
      '--eval',
      `import { openIndex, segment } from './test/segment-index/open-index.ts';
       const { index } = await openIndex(${JSON.stringify(path)});
       for (let n = 0; ; n++) {
         await index.add(segment(n));
         process.stdout.write(n + '\\n');
       }`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) {
    if (output === '')
      await t.rejects(openIndex(path), { message: new RegExp(`process ${child.pid}`) });
    output += text;
    if (output.split('\n').length > 200) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const last = Number(output.split('\n').at(-2));

  const { index, logged } = await openIndex(path);
  t.match(logged[0], { message: /took over/, fields: { pid: child.pid } });
  const { segments } = parse(index.page({ limit: 10_000 }));
  t.ok(last >= 199);
  t.ok(segments.length > last, 'all that was told to be durable is there');
  t.strictSame(
    segments.map(({ path }) => path),
    segments.map((_, n) => segment(n).path),
  );
  await index.close();
});

t.test('a process of another life with the same number does not hold it', async (t) => {
  const path = join(t.testdir(), 'lock');
  await writeFile(path, JSON.stringify({ pid: process.pid, started: 'another boot 1' }));
  const lock = await JournalLock.take(path, 'the segment index', quiet);
  t.match(await readFile(path, 'utf8'), `"pid":${process.pid}`);
  await lock.release();
});

t.test('a lock that was torn is taken over', async (t) => {
  const path = join(t.testdir(), 'lock');
  for (const content of ['', '{"pid":', '{}', '{"pid":-1}', 'null']) {
    await writeFile(path, content);
    const lock = await JournalLock.take(path, 'the segment index', quiet);
    await lock.release();
  }
});

t.test(
  'a lock of a process that cannot be seen is held for as long as it is touched',
  async (t) => {
    const path = join(t.testdir(), 'lock');
    const content = JSON.stringify({
      pid: process.pid,
      started: 'there',
      place: 'another machine',
      host: 'recorder-2',
      id: 'x',
    });
    await writeFile(path, content);
    const beat = setInterval(() => utimesSync(path, new Date(), new Date()), 500);
    t.equal(await lockHolder(path), process.pid);
    await t.rejects(JournalLock.take(path, 'the storage root', quiet), {
      message: /^the storage root is in use by process \d+ of recorder-2 /,
    });
    clearInterval(beat);
    await untouchedFor(path, 600);
    t.equal(await lockHolder(path), process.pid, 'it may live yet');
    await untouchedFor(path, 9_000);
    const lock = await JournalLock.take(path, 'the storage root', quiet);
    t.match(await readFile(path, 'utf8'), `"host":${JSON.stringify(hostname())}`);
    await lock.release();
  },
);

t.test('a lock that is held is touched', async (t) => {
  const path = join(t.testdir(), 'lock');
  const lock = await JournalLock.take(path, 'the storage root', quiet);
  const content = await readFile(path, 'utf8');
  const ago = Date.now() - 60_000;
  await untouchedFor(path, 60_000);
  await until('it is touched', async () => (await stat(path)).mtimeMs > ago + 30_000);
  t.equal(await readFile(path, 'utf8'), content);
  await lock.release();
});

t.test('one of many gets it', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'lock');
  for (let round = 0; round < 20; round++) {
    await writeFile(path, '{"pid":999999999,"started":""}');
    const taken = await Promise.allSettled(
      Array.from({ length: 8 }, () => JournalLock.take(path, 'the segment index', quiet)),
    );
    const got = taken.filter((each) => each.status === 'fulfilled');
    t.equal(got.length, 1);
    await got[0]!.value.release();
    t.strictSame(await readdir(folder), []);
  }
});

/** Sets the time of the last change of a file so far back. */
async function untouchedFor(path: string, ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(path, then, then);
}
