import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { stringify } from 'smol-toml';
import t from 'tap';
import { loadConfig } from '../../src/config/load-config.ts';
import { Service } from '../../src/service.ts';
import { segmentPage } from '../server/recorder-client.ts';
import { until } from '../server/until.ts';
import { inTestFolder } from '../test-folder.ts';
import { FOLDER, recordTwoPeriods } from '../verification/damaged-recording.ts';

t.test('the first rules take effect with a reload', async (t) => {
  const publisher = await recordTwoPeriods(t);
  const root = inTestFolder(t, 'root');
  await cp(publisher.root, root, { recursive: true });
  const before = (await readdir(path.join(root, FOLDER))).filter((name) => name.includes('seg_'));
  const file = inTestFolder(t, 'live777.toml');
  const write = (retention: object) => {
    const recorder = { index_retention_days: 1, storage: { root }, retention };
    const others = { http: { listen: '127.0.0.1:0' }, log: { level: 'warn' } };
    return writeFile(file, stringify({ ...others, recorder }));
  };
  await write({});
  const load = () => loadConfig(file);
  const service = await Service.start(await load(), pino({ level: 'silent' }), { load });
  t.teardown(() => service.stop());
  const url = `http://127.0.0.1:${service.port}`;
  const sweep = async (query = '') => {
    const reply = await fetch(`${url}/api/retention/sweep${query}`, { method: 'POST' });
    return reply.json();
  };
  t.same((await segmentPage(url, { limit: 10 })).segments, [], 'too old for the index');
  t.match(await sweep('?dry_run=true'), { deleted: [] });

  await write({ max_age: '1d' });
  await service.reloadConfig();
  // It does so by itself too, every five seconds.
  const leaving = await until('something leaves', async () => {
    await sweep();
    const reply = await fetch(`${url}/api/retention`);
    return ((await reply.json()) as { leaving_segments: number }).leaving_segments;
  });
  t.equal(leaving, before.length, 'all of it is known again');
});
