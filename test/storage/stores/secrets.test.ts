import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { openOssStore } from '../../../src/storage/stores/oss-store.ts';
import { openS3Store } from '../../../src/storage/stores/s3-store.ts';
import type { Store } from '../../../src/storage/stores/store.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts';
import { startOssServer } from '../servers/oss-server.ts';
import { all, failureOf } from './store-suite.ts';

const SECRETS = ['AKID-must-not-show', 'secret/must+not=show', 'token/must+not=show&'];
const [id = '', secret = '', token = ''] = SECRETS;
const FAULTS: Fault[] = [
  { status: 503, code: 'SlowDown' },
  { status: 403, code: 'InvalidAccessKeyId' },
  { status: 403 },
  { status: 400, code: secret },
  { status: 301, code: 'PermanentRedirect' },
  'reset',
  'silence',
];

t.test('S3', async (t) => {
  const upstream = await startOssServer(t, { keys: {}, buckets: [] });
  const proxy = await startFaultProxy(t, upstream.port);
  await nothingShows(t, proxy, () =>
    openS3Store(
      {
        type: 's3',
        bucket: 'recordings',
        root: 'r',
        region: 'us-east-1',
        endpoint: proxy.endpoint,
        accessKeyId: id,
        secretAccessKey: secret,
        sessionToken: token,
        disableConfigLoad: true,
        enableVirtualHostStyle: false,
      },
      { limits: { connectMs: 300, idleMs: 300, requestMs: 300 } },
    ),
  );
});

t.test('OSS, whose server repeats what it was sent', async (t) => {
  const upstream = await startOssServer(t, { keys: {}, buckets: [] });
  const proxy = await startFaultProxy(t, upstream.port);
  await nothingShows(t, proxy, () =>
    openOssStore(
      {
        type: 'oss',
        bucket: 'recordings',
        root: 'r',
        region: 'oss-cn-hangzhou',
        endpoint: proxy.endpoint.replace('127.0.0.1', 'localhost'),
        accessKeyId: id,
        accessKeySecret: secret,
        securityToken: token,
      },
      { limits: { connectMs: 300, idleMs: 300, requestMs: 300 } },
    ),
  );
});

async function nothingShows(t: Test, proxy: FaultProxy, open: () => Store): Promise<void> {
  const console = t.capture(process.stderr, 'write');
  const shown: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      shown.push(String(chunk));
      done();
    },
  });
  const log = pino({ level: 'trace' }, sink);
  const store = open();
  t.teardown(() => store.close());
  const look = (value: unknown) => {
    shown.push(inspect(value, { depth: 20, showHidden: true, getters: true }));
    shown.push(JSON.stringify(value), String(value));
    log.error({ err: value, value }, 'failed');
  };
  look(store);
  shown.push(store.name);
  let failures = 0;
  for (const fault of [undefined, ...FAULTS]) {
    proxy.fault = () => fault;
    for (const work of [
      () => store.put('a', Buffer.from('a'), { contentType: 'video/mp4' }),
      () => store.get('a'),
      () => store.delete('a'),
      () => all(store.list('a')),
    ]) {
      const failure = await failureOf(t, work());
      look(failure);
      shown.push(failure.stack ?? '');
      failures++;
    }
  }
  t.equal(failures, 4 * (FAULTS.length + 1));
  const text = shown.join('\n') + JSON.stringify(console.args());
  t.match(text, 'SlowDown', 'what was gathered holds the errors');
  for (const word of SECRETS) {
    for (const form of [word, encodeURIComponent(word), JSON.stringify(word).slice(1, -1)]) {
      t.notOk(text.includes(form), `${form} shows nowhere`);
    }
  }
}
