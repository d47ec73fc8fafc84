import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { parseConfig } from '../src/config/load-config.ts';
import { Service } from '../src/service.ts';

t.test('a start that is given up at any point leaves nothing open', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'recorder-start-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const toml = `[http]\nlisten = "127.0.0.1:0"\n[recorder]\nworkers = 1\n[recorder.storage]\nroot = ${JSON.stringify(root)}`;
  const config = parseConfig(toml, 'live777.toml');
  const log = pino({ level: 'silent' });
  const reason = new Error('given up');
  let points = 0;
  for (let left = 0; ; left++) {
    points = 0;
    // Whether it is aborted is asked at each of these points.
    const signal = Object.assign(new AbortController().signal, {
      throwIfAborted: () => {
        if (points++ === left) throw reason;
      },
    });
    const service = await Service.start(config, log, { signal }).catch((error) => {
      t.equal(error, reason, `at point ${left}`);
    });
    if (service === undefined) continue;
    // What had stayed open, such as a lock, would have kept it from starting.
    t.equal((await fetch(`http://127.0.0.1:${service.port}/healthz`)).status, 200);
    await service.stop();
    break;
  }
  t.ok(points > 5);
});
