import { spawnSync } from 'node:child_process';
import { copyFile, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { repeat } from '../thoroughness.ts';
import { openIndex } from './open-index.ts';

const program = join(import.meta.dirname, 'snapshot-to-kill.ts');

/** Runs it; see `snapshot-to-kill.ts`. @returns what it said */
function run(journal: string, step: number) {
  const args = [program, journal, String(step)];
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
  });
  if (signal !== 'SIGKILL' && status !== 0) throw new Error(stderr);
  const lines = stdout.trim().split('\n');
  const told = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return { listed: told('listed').map(Number), warned: told('warned'), done: told('done')[0] };
}

/** What an index lists, as sizes. */
async function sizesIn(journal: string) {
  const { index, logged } = await openIndex(journal);
  const sizes = index.listed({ limit: 1000 }).map(({ segment }) => segment.size);
  await index.close();
  return { sizes, logged: logged.map(({ message }) => message) };
}

t.test('killed at any step, a start finds what was listed', async (t) => {
  const folder = t.testdir({ start: {}, killed: {} });
  const start = join(folder, 'start');
  const first = run(join(start, 'index.journal'), 0);
  t.equal(first.listed.length, 10);
  const again = run(join(start, 'index.journal'), 0);
  t.strictSame(again.warned, [], 'the second run begins with a snapshot');
  t.ok((await readdir(start)).includes('index.journal.snapshot'));
  const before = await sizesIn(join(start, 'index.journal'));
  t.equal(before.sizes.length, 20);

  const steps = Number(run(await copyOf(start, folder), 0).done);
  t.ok(steps > 60, `${steps} steps`);
  let fromSnapshot = 0;
  for (let step = 1; step <= steps; step += repeat(1, 5)) {
    const journal = await copyOf(start, folder);
    const { listed, warned } = run(journal, step);
    const what = `step ${step}`;
    t.strictSame(warned, [], what);
    const alone = `${journal}.alone`;
    await copyFile(journal, alone);
    const expected = await sizesIn(alone);
    if ((await readdir(join(folder, 'killed'))).includes('index.journal.snapshot')) fromSnapshot++;
    const found = await sizesIn(journal);
    t.strictSame(found.sizes, expected.sizes, `${what}: what the journal says`);
    t.strictSame(
      found.sizes.slice(0, 20 + listed.length),
      [...before.sizes, ...listed],
      `${what}: all that was listed`,
    );
    t.ok(found.sizes.length <= 21 + listed.length, `${what}: at most one more`);
    const unfit = found.logged.filter((message) => /snapshot/.test(message));
    t.strictSame(unfit, [], `${what}: no snapshot that does not fit`);
    const left = await readdir(join(folder, 'killed'));
    t.notOk(
      left.some((name) => name.endsWith('.new')),
      `${what}: nothing half is left`,
    );
  }
  t.ok(fromSnapshot > 5, `${fromSnapshot} times there was a snapshot`);
});

/** @returns the journal in a fresh copy */
async function copyOf(start: string, folder: string): Promise<string> {
  const copy = join(folder, 'killed');
  await rm(copy, { recursive: true });
  await cp(start, copy, { recursive: true });
  return join(copy, 'index.journal');
}
