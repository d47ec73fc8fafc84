import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { active, completed, DAY_SECONDS, keyOf, offered, openCatalogue } from './open-catalogue.ts';

t.test('a journal of mostly outdated lines is written anew', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'records.jsonl');
  let now = DAY_SECONDS * 1_000_000;
  let { catalogue, logged } = await openCatalogue(path, { now: () => now });
  const all = Array.from({ length: 50 }, (_, n) => n);
  const keys = all.map((n) => keyOf(active(n)));
  for (const n of all) await catalogue.put(completed(n));
  await catalogue.ack(keys.slice(10, 20));
  await catalogue.remove(keys.slice(20, 30));
  for (let round = 1; round <= 500; round++) {
    now++;
    await Promise.all(
      all.slice(30).map((n) => catalogue.put(completed(n, { startUs: active(n).startUs + round }))),
    );
  }
  const kept = catalogue.sessions({ limit: 1000 });
  t.strictSame(
    kept.sessions.map(({ recordId }) => Number(recordId) - DAY_SECONDS),
    [...all.slice(0, 10), ...all.slice(30)],
  );
  // The newest of all is not there any more when the journal is written anew.
  let lastTs = 0;
  let bytes = 0;
  while (bytes <= (await stat(path)).size) {
    bytes = (await stat(path)).size;
    await catalogue.put(completed(99, { startUs: 1, endUs: 2 }));
    ({ lastTs } = catalogue.sessions({ limit: 1000 }));
    t.equal(await catalogue.evict(2), 1);
    // Nothing new, but its turn comes after whatever the eviction has brought about.
    await catalogue.ack(keys.slice(10, 11));
  }
  await catalogue.close();
  t.ok((await stat(path)).size < bytes / 50, `${(await stat(path)).size} of ${bytes} bytes`);
  t.strictSame(logged, []);
  t.strictSame(await readdir(folder), ['records.jsonl']);

  now = 0;
  ({ catalogue, logged } = await openCatalogue(path, { now: () => now }));
  t.strictSame(logged, []);
  t.strictSame(catalogue.sessions({ limit: 1000 }), kept);
  t.equal(await catalogue.remove(keys), 40, 'ten were removed before');
  await catalogue.put(active(99));
  const { sessions } = catalogue.sessions({ sinceTs: lastTs, limit: 9 });
  t.strictSame(sessions, [active(99)], 'no update time is given again');
  await catalogue.close();
});

t.test('a write torn at any byte costs that line alone', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const first = await openCatalogue(path);
  await first.catalogue.put(active(0));
  await first.catalogue.put(active(1));
  await first.catalogue.ack([keyOf(active(0))]);
  await first.catalogue.put(completed(0));
  await first.catalogue.close();
  const whole = await readFile(path);
  const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let length = lastLine; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const { catalogue, logged } = await openCatalogue(path);
    const atOpen = offered(catalogue);
    await catalogue.put(completed(0));
    await catalogue.close();
    const again = await openCatalogue(path);
    const after = offered(again.catalogue);
    await again.catalogue.close();
    const fine =
      String(atOpen) === 'cam1 1 Active' &&
      logged.length === (length === lastLine ? 0 : 1) &&
      String(after) === 'cam1 1 Active,cam1 0 Completed' &&
      again.logged.length === 0;
    if (!fine) t.fail('torn line', { length, atOpen, after, logged });
  }
  t.pass(`${whole.length - lastLine} ways to tear it`);
});

t.test('damage to a line in the middle costs that line alone', async (t) => {
  const path = join(t.testdir(), 'records.jsonl');
  const first = await openCatalogue(path);
  for (const n of [0, 1, 2]) await first.catalogue.put(completed(n));
  await first.catalogue.close();
  const whole = await readFile(path);
  const third = whole.lastIndexOf('\n', whole.length - 2) + 1;
  const second = whole.lastIndexOf('\n', third - 2) + 1;
  for (let at = second; at < third - 1; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x15;
    await writeFile(path, damaged);
    const { catalogue, logged } = await openCatalogue(path);
    const left = offered(catalogue);
    await catalogue.close();
    const fine = String(left) === 'cam1 0 Completed,cam1 2 Completed' && logged.length === 1;
    if (!fine) t.fail('damaged line', { offset: at, left, logged });
  }
  t.pass();
});
