import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { s3Storage } from '../server/bucket-storage.ts';
import { startFaultProxy } from '../storage/servers/fault-proxy.ts';
import { ROOT_KEYS, startVersitygw } from '../storage/servers/versitygw.ts';
import { filesBelow } from '../storage/spool/spool-fixture.ts';
import { bucketScenario } from './bucket-scenario.ts';

// Building the server takes a while the first time.
t.setTimeout(600_000);

t.test('a recorder whose storage is S3', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startVersitygw(t, { buckets: ['recordings'] });
  if (server === undefined) return;
  const proxy = await startFaultProxy(t, server.port);
  const root = path.join(server.folder, 'recordings/node 1');
  await bucketScenario(t, {
    storage: s3Storage(proxy.endpoint),
    proxy,
    objects: () =>
      new Map(filesBelow(root).map((key) => [key, readFileSync(path.join(root, key))])),
    secrets: Object.values(ROOT_KEYS),
  });
});
