import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { repeat } from '../../thoroughness.ts';
import { FakeStoreError } from './faulty-store.ts';
import { filesBelow, openSpool } from './spool-fixture.ts';

/** Numbers from 0 to 1 that are the same in every run of a seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const seed of repeat([1, 2, 3, 4], [1])) {
  t.test(`no manifest in the store names what is not there, seed ${seed}`, async (t) => {
    const random = seeded(seed);
    let lives = true;
    const { root, store, spool, clock } = await openSpool(t, {
      random,
      keep: (key) => lives && key.endsWith('.mpd'),
    });
    let checked = 0;
    store.onStored = () => {
      for (const [key, text] of store.objects) {
        if (!key.endsWith('.mpd')) continue;
        const missing = JSON.parse(text.toString()).filter(
          (name: string) => !store.objects.has(name),
        );
        if (missing.length > 0) t.fail(`${key} names ${missing}`);
        checked++;
      }
    };
    store.fault = () => {
      const kind = random();
      if (kind < 0.1) return new FakeStoreError('transient');
      if (kind < 0.2) return 'lost-reply';
      if (kind < 0.24) return new FakeStoreError('denied');
      if (kind < 0.26) return new FakeStoreError('integrity');
      return undefined;
    };
    // Three streams commit and rewrite their manifests; what they tell comes late, twice, or never.
    const names = [0, 1, 2].map((): string[] => []);
    const untold: string[] = [];
    for (let step = 0; step < 600; step++) {
      const stream = Math.floor(random() * 3);
      const folder = `cam${stream}/2026/03/04`;
      if (random() < 0.7) {
        const isInit = names[stream]!.length % 40 === 0;
        const number = names[stream]!.length + 1;
        const key = `${folder}/${isInit ? 'init' : 'seg'}_${number}.m4s`;
        write(root, key, key);
        names[stream]!.push(key);
        untold.push(key);
      } else {
        write(root, `${folder}/manifest.mpd`, JSON.stringify(names[stream]));
        untold.push(`${folder}/manifest.mpd`);
      }
      while (untold.length > 0 && random() < 0.6) {
        const [key] = untold.splice(Math.floor(random() * untold.length), 1);
        if (random() < 0.95 || key!.endsWith('.mpd')) spool.offer(key!);
        if (random() < 0.1) untold.push(key!);
      }
      if (random() < 0.5) clock.advance(random() * 2000);
      if (random() < 0.01) spool.retryParked();
      // As much of the disk's time as the spool needs for a file, on a busy machine too.
      for (let i = 0; i < 4; i++) await stat(root);
    }
    t.ok(checked > 0, `${checked} manifests were looked at while recording`);
    lives = false;
    store.fault = undefined;
    // The last manifests alone bring all that was never told of.
    for (const [stream, all] of names.entries()) {
      write(root, `cam${stream}/2026/03/04/manifest.mpd`, JSON.stringify(all));
      spool.offer(`cam${stream}/2026/03/04/manifest.mpd`);
    }
    while (filesBelow(root).length > 0) {
      clock.advance(1000);
      await stat(root);
    }
    await spool.drained();
    for (const [stream, all] of names.entries()) {
      t.same(JSON.parse(store.text(`cam${stream}/2026/03/04/manifest.mpd`)!), all);
    }
    t.equal(store.objects.size, names.flat().length + 3);
    t.match(spool.state(), { state: 'ok', waitingFiles: 0, waitingBytes: 0, parkedFiles: 0 });
  });
}

function write(root: string, key: string, text: string): void {
  const file = path.join(root, key);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}
