import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { recordedApp } from '../playback/recorded-app.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { seededRandom } from '../rtp/packets.ts';
import { repeat } from '../thoroughness.ts';

const URL = `/api/playback/cam1/export.mp4?start=${NOON_US + 1_500_000}&end=${NOON_US + 9_000_000}`;

t.test(
  'whatever is damaged: an error that names a file, or all bytes that were promised',
  async (t) => {
    const { app, root, publisher } = await recordedApp(t, async (publisher) => {
      await publisher.run(10);
    });
    const whole = await app.inject(URL);
    t.equal(whole.statusCode, 200);
    const paths = publisher.segments.flatMap(({ path, initPath }) => [path, initPath]);
    const random = seededRandom(7);
    const below = (most: number) => Math.floor(random() * most);
    const told = { errors: 0, files: 0 };
    for (let round = 0; round < repeat(300, 30); round++) {
      const path = paths[below(paths.length)]!;
      const file = join(root, path);
      const sound = await readFile(file);
      const damaged = Buffer.from(sound);
      const how = below(4);
      if (how === 0) await rm(file);
      else if (how === 1) await writeFile(file, damaged.subarray(0, below(damaged.length)));
      else {
        // Near the beginning, where the headers are, or anywhere.
        const most = how === 2 ? Math.min(400, damaged.length) : damaged.length;
        damaged[below(most)]! ^= 1 + below(255);
        await writeFile(file, damaged);
      }
      const reply = await app.inject(URL);
      if (reply.statusCode === 200) {
        told.files++;
        const { length } = reply.rawPayload;
        t.equal(length, Number(reply.headers['content-length']), `${path}, ${how}: whole`);
        t.ok(how >= 2 || !path.includes('seg_000') || length === whole.rawPayload.length);
      } else {
        told.errors++;
        t.equal(reply.statusCode, 409, `${path}, ${how}: ${reply.body}`);
        t.match(reply.json().message, path);
      }
      await writeFile(file, sound);
    }
    t.ok(told.errors > 5 && told.files > 0, JSON.stringify(told));
    t.ok((await app.inject(URL)).rawPayload.equals(whole.rawPayload), 'all is as it was');
  },
);
