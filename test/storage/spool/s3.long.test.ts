import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { systemClock } from '../../../src/clock/clock.ts';
import { Spool } from '../../../src/storage/spool/spool.ts';
import { openS3Store } from '../../../src/storage/stores/s3-store.ts';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { ROOT_KEYS, startVersitygw } from '../servers/versitygw.ts';
import { withoutAwsEnvironment } from '../stores/aws-environment.ts';
import { commit, filesBelow } from './spool-fixture.ts';

// Building the server takes a while the first time.
t.setTimeout(600_000);
withoutAwsEnvironment(t);

t.test(
  'a real S3 server, away at first and then failing every third call, gets everything',
  async (t) => {
    const server = await startVersitygw(t, { region: 'eu-test-1', buckets: ['recordings'] });
    if (server === undefined) return;
    const proxy = await startFaultProxy(t, server.port);
    let calls = 0;
    proxy.fault = () => {
      calls++;
      if (calls <= 12) return { status: 503, code: 'SlowDown' };
      if (calls % 6 === 2) return { status: 503, code: 'ServiceUnavailable' };
      return calls % 6 === 4 ? 'reset' : undefined;
    };
    const store = openS3Store({
      type: 's3',
      bucket: 'recordings',
      root: 'node-1',
      endpoint: proxy.endpoint,
      region: 'eu-test-1',
      ...ROOT_KEYS,
      disableConfigLoad: false,
      enableVirtualHostStyle: false,
    });
    t.teardown(() => store.close());
    const recorded = new Map<string, Buffer>();
    const add = (root: string, key: string, data: Buffer) => {
      recorded.set(key, data);
      commit(root, key, data);
    };
    const root = t.testdir({});
    for (let i = 1; i <= 30; i++) {
      add(root, `cam${i % 3}/seg_${i}.m4s`, Buffer.alloc(i * 9999, i));
    }
    const silent = { info() {}, warn() {}, error() {} };
    const clock = {
      ...systemClock,
      after: (ms: number, call: () => void) => systemClock.after(ms / 50, call),
    };
    const spool = await Spool.open({ root, store, log: silent, clock, putTimeoutMs: 1_000_000 });
    t.teardown(() => spool.close());
    for (let i = 0; i < 3; i++) {
      add(root, `cam${i}/manifest.mpd`, Buffer.from(`<MPD id="${i}"/>`));
      spool.offer(`cam${i}/manifest.mpd`);
    }
    await spool.drained();
    t.ok(spool.state().failures > 0);
    t.same(filesBelow(root), []);
    const bucket = path.join(server.folder, 'recordings/node-1');
    t.same(filesBelow(bucket), [...recorded.keys()].sort());
    for (const [key, data] of recorded) {
      if (!readFileSync(path.join(bucket, key)).equals(data)) t.fail(`${key} differs`);
    }
  },
);
