import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { JournalFormat } from '../../src/journal/journal-line.ts';
import { JournaledTable, type TableContent } from '../../src/journal/journaled-table.ts';

interface Word {
  type: 'word';
  stamp: number;
  word: string;
}

const format: JournalFormat<Word> = {
  name: 'words',
  title: 'word journal',
  version: 1,
  toArray: ({ stamp, word }) => [stamp, word],
  fromArray: ([stamp, word]) => ({ type: 'word', stamp: stamp as number, word: word as string }),
  stampOf: ({ stamp }) => stamp,
};

/** A table of the words that were added, each with its last stamp: the smallest that has a journal. */
class Words implements TableContent<Word, string, number> {
  readonly format = format;
  readonly title = 'the words';
  readonly onlyGrows: boolean;
  readonly stamps = new Map<string, number>();
  readonly batches: string[][] = [];
  table!: JournaledTable<Word, string, number>;
  /** Called before each portion of a rewrite. */
  onRead = () => {};

  constructor(onlyGrows = false) {
    this.onlyGrows = onlyGrows;
  }

  load({ word, stamp }: Word): void {
    this.stamps.delete(word);
    this.stamps.set(word, stamp);
  }

  async commit(words: string[]): Promise<number[]> {
    this.batches.push(words);
    if (words.includes('refused')) throw new RangeError('a refused word');
    const entries = words.map(
      (word): Word => ({ type: 'word', stamp: this.table.nextStamp(), word }),
    );
    await this.table.append(entries);
    for (const entry of entries) this.load(entry);
    return entries.map(({ stamp }) => stamp);
  }

  linesNeeded(): number {
    return this.stamps.size;
  }

  read(): () => Word[] {
    const done = new Set<string>();
    return () => {
      this.onRead();
      const [next] = [...this.stamps].filter(([word]) => !done.has(word));
      if (next === undefined) return [];
      done.add(next[0]);
      return [{ type: 'word', stamp: next[1], word: next[0] }];
    };
  }
}

async function open(path: string, options: { now?: () => number; onlyGrows?: boolean } = {}) {
  const words = new Words(options.onlyGrows);
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => void warnings.push(message), info() {} };
  const { now = () => 1000 } = options;
  words.table = await JournaledTable.open(words, { journalPath: path, log, now });
  return { words, table: words.table, warnings };
}

function journalIn(t: Test): string {
  return join(t.testdir({}), 'new/folder/words.journal');
}

async function linesOf(path: string): Promise<number> {
  return (await readFile(path, 'utf8')).split('\n').length - 1;
}

t.test('what was added is there again, under the same stamps', async (t) => {
  const path = journalIn(t);
  const { words, table } = await open(path);
  t.strictSame(await Promise.all([table.add('a'), table.add('b')]), [1000, 1001]);
  t.equal(await table.add('a'), 1002, 'a clock that stands still gives no stamp twice');
  t.strictSame(words.batches, [['a', 'b'], ['a']], 'calls at the same time share a commit');
  await table.close();
  const again = await open(path, { now: () => 5 });
  t.strictSame([...again.words.stamps], [...words.stamps]);
  t.equal(again.table.lastStamp, 1002);
  t.equal(again.table.damagedLines, 0);
  t.equal(await again.table.add('c'), 1003, 'nor does one that was set back');
  again.table.raiseStamp(2000.5);
  t.equal(await again.table.add('d'), 2002);
  await again.table.close();
});

t.test('a change that is refused changes nothing, and the next one goes on', async (t) => {
  const path = journalIn(t);
  const { words, table } = await open(path);
  await t.rejects(table.add('refused'), { message: 'a refused word' });
  t.equal(await table.add('a'), 1000);
  await table.close();
  t.strictSame([...(await reopened(path)).keys()], ['a']);
  t.strictSame([...words.stamps.keys()], ['a']);
});

t.test('one process at a time, and one life', async (t) => {
  const path = journalIn(t);
  const { table } = await open(path);
  await t.rejects(open(path), { message: /^the words is in use by process / });
  const last = table.add('at the last moment');
  const closed = table.close();
  t.throws(() => table.checkOpen(), { message: 'the words is closed' });
  await closed;
  t.equal(await last, 1000, 'what was begun is done');
  t.strictSame([...(await reopened(path)).keys()], ['at the last moment']);
});

t.test('a line whose stamp does not go on is left out and counted', async (t) => {
  const path = journalIn(t);
  const { table } = await open(path);
  for (const word of ['a', 'b']) await table.add(word);
  await table.close();
  const [header, a, b] = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, `${[header, a, b, a].join('\n')}\n`);
  const { words, table: again, warnings } = await open(path);
  t.equal(again.damagedLines, 1);
  t.match(warnings, ['skipped damaged lines of the word journal']);
  t.strictSame([...words.stamps.keys()], ['a', 'b']);
  await again.close();
});

t.test('a journal of mostly outdated lines is rewritten by itself', async (t) => {
  const path = journalIn(t);
  const { table } = await open(path);
  await table.add('kept');
  await table.exclusive(() =>
    table.append(
      Array.from({ length: 10_001 }, () => ({
        type: 'word' as const,
        stamp: table.nextStamp(),
        word: 'often',
      })),
    ),
  );
  t.equal(await linesOf(path), 10_003, 'with the header');
  const stamp = await table.add('often');
  await table.close();
  t.equal(await linesOf(path), 3);
  const { words, table: again } = await open(path);
  t.strictSame(
    [...words.stamps],
    [
      ['kept', 1000],
      ['often', stamp],
    ],
  );
  t.equal(again.lastStamp, stamp);
  await again.close();
});

t.test('a rewrite keeps the last stamp, also where no entry has it', async (t) => {
  const path = journalIn(t);
  const { table } = await open(path);
  await table.add('a');
  table.raiseStamp(5000);
  await table.compact();
  await table.close();
  const again = await open(path);
  t.equal(again.table.lastStamp, 5000);
  await again.table.close();
});

t.test('a rewrite that fails leaves the journal as it is', async (t) => {
  const path = journalIn(t);
  const { words, table } = await open(path);
  await table.add('a');
  const before = await readFile(path);
  let reads = 0;
  words.onRead = () => {
    if (reads++ === 1) throw new Error('cannot be read');
  };
  await t.rejects(table.compact(), { message: 'cannot be read' });
  t.ok((await readFile(path)).equals(before));
  t.strictSame((await readdir(dirname(path))).sort(), ['words.journal', 'words.journal.lock']);
  await rm(dirname(path), { recursive: true });
  await t.rejects(table.compact(), { code: 'ENOENT' });
  await table.close();
});

for (const onlyGrows of [true, false]) {
  const title = onlyGrows ? 'goes on' : 'waits';
  t.test(`a change during a rewrite ${title}, and is not lost`, async (t) => {
    const path = journalIn(t);
    const { words, table } = await open(path, { onlyGrows });
    for (const word of ['a', 'b', 'c', 'd']) await table.add(word);
    const order: string[] = [];
    let added: Promise<unknown> | undefined;
    words.onRead = () => {
      added ??= table.add('meanwhile').then(() => order.push('added'));
    };
    await table.compact().then(() => order.push('rewritten'));
    await added;
    t.strictSame(order, onlyGrows ? ['added', 'rewritten'] : ['rewritten', 'added']);
    await table.close();
    t.strictSame([...(await reopened(path)).keys()], ['a', 'b', 'c', 'd', 'meanwhile']);
  });
}

t.test('tasks that must be alone run one after another, beside changes', async (t) => {
  const { table } = await open(journalIn(t));
  const order: string[] = [];
  const first = table.alone(async () => {
    await table.add('a');
    await setImmediate();
    order.push('first');
  });
  const failing = table.alone(() => Promise.reject(new Error('no')));
  const last = table.alone(async () => order.push('last'));
  await t.rejects(failing, { message: 'no' });
  await Promise.all([first, last]);
  t.strictSame(order, ['first', 'last']);
  await table.close();
});

async function reopened(path: string): Promise<Map<string, number>> {
  const { words, table } = await open(path);
  await table.close();
  return words.stamps;
}
