import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { journalOf, listed, openIndex, segment } from './open-index.ts';

t.test('a write torn at any byte of the last line costs that line alone', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const whole = await journalOf(path, 3);
  const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let length = lastLine; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const { index, logged } = await openIndex(path);
    const atOpen = listed(index);
    await index.add(segment(7));
    const afterAdd = listed(index);
    await index.close();
    const again = await openIndex(path);
    const reopened = listed(again.index);
    await again.index.close();
    const fine =
      String(atOpen) === '0,1' &&
      String(afterAdd) === '0,1,7' &&
      String(reopened) === '0,1,7' &&
      again.logged.length === 0 &&
      (length === lastLine
        ? logged.length === 0
        : logged.length === 1 && logged[0]!.fields.bytes === length - lastLine);
    if (!fine) t.fail('torn line', { length, atOpen, afterAdd, reopened, logged });
  }
  t.pass(`${whole.length - lastLine} ways to tear it`);
});

t.test('damage to any byte of a line in the middle costs that line alone', async (t) => {
  const path = join(t.testdir(), 'index.journal');
  const whole = await journalOf(path, 3);
  const third = whole.lastIndexOf('\n', whole.length - 2) + 1;
  const second = whole.lastIndexOf('\n', third - 2) + 1;
  for (let at = second; at < third - 1; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x15;
    await writeFile(path, damaged);
    const { index, logged } = await openIndex(path);
    const left = listed(index);
    await index.close();
    const fine =
      String(left) === '0,2' && logged.length === 1 && logged[0]!.fields.firstOffset === second;
    if (!fine) t.fail('damaged line', { offset: at, left, logged });
  }
  t.pass();
});
