import t from 'tap';
import { requireFfmpeg } from '../media/tool.ts';
import { OSS_KEYS, ossStorage } from '../server/bucket-storage.ts';
import { startFaultProxy } from '../storage/servers/fault-proxy.ts';
import { startOssServer } from '../storage/servers/oss-server.ts';
import { bucketScenario } from './bucket-scenario.ts';

const ROOT = 'recordings/node 1/';

t.test('a recorder whose storage is OSS', async (t) => {
  if (!requireFfmpeg(t)) return;
  const server = await startOssServer(t, { keys: OSS_KEYS, buckets: ['recordings'] });
  const proxy = await startFaultProxy(t, server.port);
  await bucketScenario(t, {
    storage: ossStorage(proxy.port),
    proxy,
    objects: () => {
      const below = [...server.objects].filter(([place]) => place.startsWith(ROOT));
      return new Map(below.map(([place, { body }]) => [place.slice(ROOT.length), body]));
    },
    secrets: Object.values(OSS_KEYS).map(({ secret }) => secret),
  });
});
