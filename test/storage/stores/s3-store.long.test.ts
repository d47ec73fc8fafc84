import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import type { S3Storage } from '../../../src/storage/storage-options.ts';
import { checkStore } from '../../../src/storage/stores/check-store.ts';
import { PutOnce } from '../../../src/storage/stores/put-once.ts';
import { openS3Store, type S3StoreOptions } from '../../../src/storage/stores/s3-store.ts';
import type { Store } from '../../../src/storage/stores/store.ts';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { ROOT_KEYS, startVersitygw, type Versitygw } from '../servers/versitygw.ts';
import { loopbackNames, withoutAwsEnvironment } from './aws-environment.ts';
import { all, failureOf, manyObjectsSuite, signedUrlSuite, storeSuite } from './store-suite.ts';

const MP4 = { contentType: 'video/mp4' };

// Building the server takes a while the first time.
t.setTimeout(600_000);
withoutAwsEnvironment(t);

const server = await startVersitygw(t, {
  region: 'eu-test-1',
  virtualDomain: 'localhost',
  buckets: ['recordings', 'other-bucket', 'many-objects'],
});
if (server) await testsWith(server);

function storage(server: { endpoint: string }, more: Partial<S3Storage> = {}): S3Storage {
  return {
    type: 's3',
    bucket: 'recordings',
    root: '',
    endpoint: server.endpoint,
    region: 'eu-test-1',
    ...ROOT_KEYS,
    disableConfigLoad: false,
    enableVirtualHostStyle: false,
    ...more,
  };
}

function opened(t: Test, config: S3Storage, options?: S3StoreOptions): Store {
  const store = openS3Store(config, options);
  t.teardown(() => store.close());
  return store;
}

async function testsWith(server: Versitygw): Promise<void> {
  await t.test('a server that refuses conditional puts', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    proxy.fault = ({ headers }) =>
      headers['if-none-match'] === undefined ? undefined : { status: 501, code: 'NotImplemented' };
    const store = opened(t, storage(proxy, { root: 'no-conditions' }));
    t.same(await checkStore(store), {
      refusesToReplace: false,
      conditionRefused: 'NotImplemented',
    });
    t.same(await all(store.list('')), [], 'the check leaves nothing');
    for (const isChecked of [true, false]) {
      const once = new PutOnce(store);
      once.isConditionRefused = isChecked;
      let told = 0;
      once.onConditionRefused = () => told++;
      const key = `seg ${isChecked}`;
      await once.put(key, Buffer.from('first'), MP4);
      await once.put(key, Buffer.from('first'), MP4);
      await once.put(`${key} 2`, Buffer.from('second'), MP4);
      const failure = await failureOf(t, once.put(key, Buffer.from('other'), MP4));
      t.match(failure, { kind: 'exists', code: 'ObjectExists' });
      t.equal((await buffer((await store.get(key))!.body)).toString(), 'first');
      t.equal(told, isChecked ? 0 : 1, 'where it was not known, it is found out once');
      t.ok(once.isConditionRefused);
    }
  });

  await t.test('the common suite, path style, MD5', (t) =>
    storeSuite(t, (root) => openS3Store(storage(server, { root }), { checksum: 'md5' })),
  );

  await t.test('the common suite, host style, CRC-32', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    const config = storage(server, {
      bucket: 'other-bucket',
      endpoint: `http://localhost:${proxy.port}`,
      enableVirtualHostStyle: true,
      disableConfigLoad: true,
    });
    const options: S3StoreOptions = { checksum: 'crc32', limits: { lookup: loopbackNames } };
    await storeSuite(t, (root) => openS3Store({ ...config, root }, options));
    t.ok(proxy.calls.length > 100);
    t.notOk(
      proxy.calls.some((call) => call.includes('/other-bucket/')),
      'the bucket is in no path',
    );
  });

  await t.test('an address that needs no keys', (t) =>
    signedUrlSuite(t, opened(t, storage(server, { root: 'r' }))),
  );

  await t.test('10,000 objects, a page at a time', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    const config = storage(server, { bucket: 'many-objects', root: 'deep/root' });
    await manyObjectsSuite(t, opened(t, config));

    const seen = opened(t, { ...config, endpoint: proxy.endpoint });
    let count = 0;
    for await (const _ of seen.list('')) {
      count++;
      if (count === 2500) break;
    }
    t.equal(proxy.calls.length, 3, 'pages are fetched as they are wanted');
  });

  await t.test('content types reach readers', async (t) => {
    const store = opened(t, storage(server));
    await store.put('types/manifest.mpd', Buffer.from('<MPD/>'), {
      contentType: 'application/dash+xml',
    });
    const answer = await fetch(await store.signedUrl!('types/manifest.mpd', 60));
    t.equal(answer.headers.get('content-type'), 'application/dash+xml');
    t.equal(await answer.text(), '<MPD/>');
  });

  await t.test('names', async (t) => {
    t.equal(opened(t, storage(server)).name, 's3://recordings');
    t.equal(opened(t, storage(server, { root: '/a/b/' })).name, 's3://recordings/a/b');
  });

  await t.test('the region is looked up once, when it is first needed', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    const { region: _, ...config } = storage(proxy);
    for (const disableConfigLoad of [false, true]) {
      proxy.calls.length = 0;
      proxy.fault = () => 'reset';
      const store = opened(t, { ...config, disableConfigLoad });
      t.same(proxy.calls, [], 'not by opening');
      t.equal((await failureOf(t, store.head('x'))).kind, 'transient');

      proxy.calls.length = 0;
      proxy.fault = () => undefined;
      await Promise.all([store.put('region/a', Buffer.from('a'), MP4), store.head('region/b')]);
      await store.delete('region/a');
      t.same(
        proxy.calls.filter((call) => call === 'HEAD /recordings'),
        ['HEAD /recordings'],
      );
    }
  });

  await t.test('a server that names no region has one only', async (t) => {
    const plain = await startVersitygw(t, { buckets: ['recordings'] });
    const { region: _, ...config } = storage(plain!);
    const store = opened(t, config);
    await store.put('a', Buffer.from('a'), MP4);
    t.equal((await store.head('a'))?.size, 1);
  });

  await t.test('a region of the environment is believed', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    const { region: _, ...config } = storage(proxy);
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) {
      process.env[name] = 'eu-test-1';
      await opened(t, config).head('x');
      t.notOk(proxy.calls.includes('HEAD /recordings'));
      process.env[name] = 'us-nowhere-1';
      t.equal((await failureOf(t, all(opened(t, config).list('')))).kind, 'misconfigured');
      await opened(t, { ...config, disableConfigLoad: true }).head('x');
      delete process.env[name];
      proxy.calls.length = 0;
    }
  });

  await t.test('what is wrong is told, and what to change', async (t) => {
    for (const [more, kind, code, mend] of [
      [{ bucket: 'no-such-bucket' }, 'misconfigured', 'NoSuchBucket', /bucket/],
      [{ accessKeyId: 'NOSUCHKEYATALL' }, 'denied', 'XAdminUserNotFound', /access_key_id/],
      [{ secretAccessKey: 'not it' }, 'denied', 'SignatureDoesNotMatch', /secret_access_key/],
      [
        { region: 'us-west-9' },
        'misconfigured',
        'AuthorizationHeaderMalformed',
        /region.*eu-test-1/,
      ],
      [{ endpoint: 'http://127.0.0.1:1' }, 'transient', 'ECONNREFUSED', /endpoint/],
      [{ endpoint: 'http://no.such.host.invalid' }, 'transient', 'ENOTFOUND', /endpoint/],
      [{ endpoint: `https://127.0.0.1:${server.port}` }, 'misconfigured', 'EPROTO', /TLS/],
    ] as const) {
      const store = opened(t, storage(server, more));
      const put = await failureOf(t, store.put('a', Buffer.from('a'), MP4));
      const list = await failureOf(t, all(store.list('')));
      for (const failure of [put, list]) {
        t.match(failure, { kind, code }, JSON.stringify(more));
        t.match(failure.mend, mend);
        t.ok(failure.message.includes(failure.mend!), failure.message);
      }
    }
  });

  await t.test('settings that contradict each other', async (t) => {
    for (const [more, mend] of [
      [{ secretAccessKey: undefined }, /secret_access_key/],
      [{ accessKeyId: undefined, secretAccessKey: undefined, sessionToken: 't' }, /session|token/],
      [{ endpoint: 'http://' }, /endpoint/],
      [{ endpoint: 'http://user:word@host' }, /endpoint/],
      [{ enableVirtualHostStyle: true }, /enable_virtual_host_style/],
    ] as const) {
      const config = { ...storage(server), ...more } as S3Storage;
      const failure = await failureOf(t, (async () => openS3Store(config))());
      t.equal(failure.kind, 'misconfigured');
      t.match(failure.mend, mend);
    }
  });

  await t.test('faults on the way', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    const store = opened(t, storage(proxy));
    const hasty = opened(t, storage(proxy), {
      limits: { connectMs: 1000, idleMs: 500, requestMs: 1000 },
    });
    const data = Buffer.alloc(100_000, 7);
    await store.put('f', data, MP4);
    const put = async (t: Test) => failureOf(t, store.put('f', data, MP4));

    for (const [status, code, kind] of [
      [503, 'SlowDown', 'transient'],
      [500, 'InternalError', 'transient'],
      [500, undefined, 'transient'],
      [429, undefined, 'transient'],
      [408, 'RequestTimeout', 'transient'],
      [501, 'NotImplemented', 'misconfigured'],
      [400, 'ExpiredToken', 'denied'],
      [401, undefined, 'denied'],
      [403, 'AccessDenied', 'denied'],
      [403, undefined, 'denied'],
      [404, 'NoSuchBucket', 'misconfigured'],
      [301, 'PermanentRedirect', 'misconfigured'],
      [400, 'EntityTooLarge', 'too-large'],
      [413, undefined, 'too-large'],
      [400, 'BadDigest', 'integrity'],
    ] as const) {
      proxy.fault = () => (code === undefined ? { status } : { status, code });
      const failure = await put(t);
      t.match(failure, { kind, status }, `${status} ${code}: ${failure.message}`);
      if (code !== undefined) t.equal(failure.code, code);
    }

    proxy.fault = () => ({ status: 503, code: 'SlowDown', headers: { 'retry-after': '1' } });
    t.equal((await put(t)).retryAfterMs, 1000);
    proxy.fault = () => 'reset';
    t.equal((await put(t)).kind, 'transient');
    proxy.fault = () => 'silence';
    const late = await failureOf(t, hasty.put('f', data, MP4));
    t.match(late, { kind: 'transient', code: 'TimeoutError' });
    proxy.fault = () => 'stall';
    await t.test('a silent server while reading', async (t) => {
      const reading = await hasty.get('f');
      t.match(await failureOf(t, buffer(reading!.body)), { kind: 'transient' });
    });
    proxy.fault = () => 'cut';
    await t.test('a connection that ends while reading', async (t) => {
      const reading = await store.get('f');
      t.match(await failureOf(t, buffer(reading!.body)), { kind: 'transient' });
    });

    let first = true;
    proxy.fault = () => {
      if (!first) return undefined;
      first = false;
      return 'reset';
    };
    await store.put('f', data, MP4);
    t.equal((await store.head('f'))?.size, data.length, 'a stale connection is tried once more');
  });

  await t.test('bytes that change on their way are refused', async (t) => {
    const proxy = await startFaultProxy(t, server.port);
    proxy.fault = (call) => (call.method === 'PUT' ? 'tamper' : undefined);
    for (const checksum of ['md5', 'crc32'] as const) {
      const store = opened(t, storage(proxy), { checksum });
      const failure = await failureOf(t, store.put('tampered', Buffer.from('abc'), MP4));
      t.equal(failure.kind, 'integrity', failure.message);
      t.equal(await store.head('tampered'), undefined);
    }
  });

  await t.test('servers that know no CRC-32', async (t) => {
    for (const fault of [{ status: 501, code: 'NotImplemented' }, 'deaf'] as const) {
      const proxy = await startFaultProxy(t, server.port);
      const checksums: (string | undefined)[] = [];
      proxy.fault = ({ method, headers }) => {
        if (method !== 'PUT') return undefined;
        const isKnown = headers['content-md5'] !== undefined;
        checksums.push(isKnown ? 'md5' : 'crc32');
        return isKnown || fault === 'deaf' ? undefined : fault;
      };
      if (fault === 'deaf') proxy.withoutAnswerHeader = 'x-amz-checksum-crc32';
      const store = opened(t, storage(proxy));
      for (const key of ['a', 'b', 'c']) {
        await store.put(key, Buffer.from(key), MP4);
        t.equal((await store.head(key))?.size, 1);
      }
      // What was stored with a checksum that was passed over was compared by its size.
      t.same(checksums, [...(fault === 'deaf' ? ['crc32'] : ['crc32', 'md5']), 'md5', 'md5']);
    }
  });

  await t.test('a server that is killed', async (t) => {
    const mortal = await startVersitygw(t, { buckets: ['recordings'] });
    const store = opened(t, storage(mortal!, { region: 'us-east-1' }));
    await store.put('a', Buffer.from('a'), MP4);
    mortal!.process.kill('SIGKILL');
    await new Promise((resolve) => mortal!.process.once('exit', resolve));
    for (const work of [
      () => store.put('b', Buffer.from('b'), MP4),
      () => store.get('a'),
      () => store.head('a'),
      () => store.delete('a'),
      () => all(store.list('')),
    ]) {
      t.equal((await failureOf(t, work())).kind, 'transient');
    }
  });
}
