import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import type { OssStorage } from '../../../src/storage/storage-options.ts';
import { checkStore } from '../../../src/storage/stores/check-store.ts';
import { type OssStoreOptions, openOssStore } from '../../../src/storage/stores/oss-store.ts';
import { PutOnce } from '../../../src/storage/stores/put-once.ts';
import type { Store } from '../../../src/storage/stores/store.ts';
import { repeat } from '../../thoroughness.ts';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { startOssServer } from '../servers/oss-server.ts';
import { loopbackNames } from './aws-environment.ts';
import { all, failureOf, manyObjectsSuite, signedUrlSuite, storeSuite } from './store-suite.ts';

const MP4 = { contentType: 'video/mp4' };
const HOUR_MS = 3_600_000;
const limits = { lookup: loopbackNames };

const USER = { accessKeyId: 'LTAI5tUserOfTheTest', accessKeySecret: 'user+secret/of=the test' };
const GUEST = {
  accessKeyId: 'STS.NGuestOfTheTest',
  accessKeySecret: 'guest secret',
  securityToken: 'CAIS+token/of=the&guest',
};
const STALE = {
  accessKeyId: 'STS.NStale',
  accessKeySecret: 'stale secret',
  securityToken: 'CAISold',
};

const keys = {
  [USER.accessKeyId]: { secret: USER.accessKeySecret },
  [GUEST.accessKeyId]: {
    secret: GUEST.accessKeySecret,
    token: GUEST.securityToken,
    expiresMs: Date.now() + HOUR_MS,
  },
  [STALE.accessKeyId]: {
    secret: STALE.accessKeySecret,
    token: STALE.securityToken,
    expiresMs: Date.now() - HOUR_MS,
  },
};
const server = await startOssServer(t, { keys, buckets: ['recordings', 'many-objects'] });

function storage(port = server.port, more: Partial<OssStorage> = {}): OssStorage {
  return {
    type: 'oss',
    bucket: 'recordings',
    root: '',
    region: 'oss-cn-hangzhou',
    endpoint: `http://oss-cn-hangzhou.localhost:${port}`,
    ...USER,
    ...more,
  };
}

function opened(t: Test, config: OssStorage, options: OssStoreOptions = {}): Store {
  const store = openOssStore(config, { ...options, limits: { ...limits, ...options.limits } });
  t.teardown(() => store.close());
  return store;
}

for (const signature of repeat(['v1', 'v4'] as const, ['v4'] as const)) {
  for (const [who, credentials] of Object.entries({ user: USER, guest: GUEST })) {
    t.test(
      'a bucket that passes over x-oss-forbid-overwrite, as one with versions does',
      async (t) => {
        const lax = await startOssServer(t, { keys, buckets: ['recordings'] });
        lax.overwritesAlways = true;
        const store = opened(t, storage(lax.port));
        t.same(await checkStore(store), { refusesToReplace: false });
        const once = new PutOnce(store);
        await once.put('seg', Buffer.from('first'), MP4);
        await once.put('seg', Buffer.from('first'), MP4);
        const failure = await failureOf(t, once.put('seg', Buffer.from('other'), MP4));
        t.match(failure, { kind: 'exists', code: 'ObjectExists' });
        t.equal((await buffer((await store.get('seg'))!.body)).toString(), 'first');
      },
    );

    await t.test(`the common suite, ${signature}, ${who}`, async (t) => {
      server.objects.clear();
      server.calls.length = 0;
      const config = storage(server.port, credentials);
      await storeSuite(t, (root) => openOssStore({ ...config, root }, { signature, limits }));
      const version = signature === 'v1' ? 1 : 4;
      t.ok(server.calls.length > 100);
      t.ok(server.calls.every((call) => call.version === version));
      t.ok(
        server.calls.every(({ host }) => host.startsWith('recordings.oss-cn-hangzhou.localhost')),
      );
    });

    await t.test(`an address that needs no keys, ${signature}, ${who}`, (t) =>
      signedUrlSuite(
        t,
        opened(t, storage(server.port, { ...credentials, endpoint: localhost() }), { signature }),
      ),
    );
  }
}

await t.test('the common suite, path style', async (t) => {
  server.objects.clear();
  const config = storage(server.port, { endpoint: localhost() });
  await storeSuite(t, (root) => openOssStore({ ...config, root }, { limits }));
});

await t.test('an IP address as endpoint', async (t) => {
  server.calls.length = 0;
  const store = opened(t, storage(server.port, { endpoint: `http://127.0.0.1:${server.port}` }));
  await store.put('ip/a', Buffer.from('a'), MP4);
  t.equal((await store.head('ip/a'))?.size, 1);
  t.equal(server.calls[0]?.host, 'recordings.oss-cn-hangzhou.aliyuncs.com');
  t.match(await failureOf(t, store.signedUrl!('ip/a', 60)), { code: 'InvalidEndpoint' });
});

await t.test('10,000 objects, a page at a time', async (t) => {
  const config = storage(server.port, { bucket: 'many-objects', root: 'deep/root' });
  const store = opened(t, config);
  await manyObjectsSuite(t, store);
  server.calls.length = 0;
  let count = 0;
  for await (const _ of store.list('')) {
    count++;
    if (count === 2500) break;
  }
  t.equal(server.calls.length, 3, 'pages are fetched as they are wanted');
});

await t.test('regions and endpoints as operators write them', async (t) => {
  for (const more of [
    { region: 'cn-hangzhou' },
    { region: 'oss-cn-hangzhou' },
    { endpoint: `http://recordings.oss-cn-hangzhou.localhost:${server.port}` },
  ]) {
    const store = opened(t, storage(server.port, more));
    await store.put('region/a', Buffer.from('a'), MP4);
    t.equal(store.name, 'oss://recordings');
  }
  const bare = { type: 'oss', bucket: 'recordings', root: '/r/', ...USER } as const;
  for (const endpoint of [
    'oss-cn-beijing.aliyuncs.com',
    'https://oss-cn-beijing-internal.aliyuncs.com',
    'https://recordings.oss-cn-beijing.aliyuncs.com/',
  ]) {
    const store = opened(t, { ...bare, endpoint });
    t.equal(store.name, 'oss://recordings/r');
    t.match(await store.signedUrl!('a', 60), /^https:\/\/recordings\.oss-.*%2Fcn-beijing%2Foss/);
  }
});

await t.test('keys of the environment', async (t) => {
  const { accessKeyId: _, accessKeySecret: __, ...config } = storage();
  process.env.ALIBABA_CLOUD_ACCESS_KEY_ID = GUEST.accessKeyId;
  process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET = GUEST.accessKeySecret;
  process.env.ALIBABA_CLOUD_SECURITY_TOKEN = GUEST.securityToken;
  t.teardown(() => {
    delete process.env.ALIBABA_CLOUD_ACCESS_KEY_ID;
    delete process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET;
    delete process.env.ALIBABA_CLOUD_SECURITY_TOKEN;
  });
  await opened(t, config).put('environment', Buffer.from('a'), MP4);
  await opened(t, storage()).put('configured keys need no token', Buffer.from('a'), MP4);
});

await t.test('what is wrong is told, and what to change', async (t) => {
  for (const [more, kind, code, mend] of [
    [{ bucket: 'no-such-bucket' }, 'misconfigured', 'NoSuchBucket', /bucket/],
    [{ accessKeyId: 'NoSuchKeyAtAll' }, 'denied', 'InvalidAccessKeyId', /access_key_id/],
    [{ accessKeySecret: 'not it' }, 'denied', 'SignatureDoesNotMatch', /access_key_secret/],
    [{ ...GUEST, securityToken: 'CAISother' }, 'denied', 'InvalidSecurityToken', /security_token/],
    [STALE, 'denied', 'SecurityTokenExpired', /security_token/],
    [{ region: 'oss-cn-beijing' }, 'misconfigured', 'InvalidArgument', /region/],
    [{ endpoint: 'http://127.0.0.1:1' }, 'transient', 'ECONNREFUSED', /endpoint/],
    [{ endpoint: 'http://no.such.host.invalid' }, 'transient', 'ENOTFOUND', /endpoint/],
    [{ endpoint: `https://127.0.0.1:${server.port}` }, 'misconfigured', 'TLSError', /TLS/],
  ] as const) {
    const store = opened(t, storage(server.port, more));
    for (const work of [
      () => store.put('a', Buffer.from('a'), MP4),
      () => store.get('a'),
      () => all(store.list('')),
    ]) {
      const failure = await failureOf(t, work());
      t.equal(failure.kind, kind, failure.message);
      t.equal(failure.code, code);
      t.match(failure.mend, mend);
    }
  }
});

await t.test('clocks that differ', async (t) => {
  const now = () => Date.now() + HOUR_MS;
  const late = await startOssServer(t, { keys, buckets: ['recordings'], now });
  for (const signature of ['v1', 'v4'] as const) {
    const store = opened(t, storage(late.port), { signature });
    const failure = await failureOf(t, store.put('a', Buffer.from('a'), MP4));
    t.match(failure, { kind: 'misconfigured', code: 'RequestTimeTooSkewed', status: 403 });
    t.match(failure.mend, /clock/);
  }
});

await t.test('settings that are missing or contradict each other', async (t) => {
  for (const [more, mend] of [
    [{ accessKeySecret: undefined }, /access_key_secret/],
    [{ accessKeyId: undefined, accessKeySecret: undefined }, /access_key_id/],
    [{ endpoint: undefined, region: undefined }, /region/],
    [{ endpoint: 'http://[::1]:80' }, /IPv4/],
    [{ endpoint: 'http://host/path' }, /path/],
    [{ bucket: 'Not A Bucket' }, undefined],
  ] as const) {
    const config = { ...storage(), ...more } as OssStorage;
    const failure = await failureOf(t, (async () => openOssStore(config))());
    t.equal(failure.kind, 'misconfigured', failure.message);
    if (mend) t.match(failure.mend, mend);
  }
});

await t.test('faults on the way', async (t) => {
  const proxy = await startFaultProxy(t, server.port);
  const store = opened(t, storage(proxy.port));
  const hasty = opened(t, storage(proxy.port), {
    limits: { connectMs: 1000, idleMs: 500, requestMs: 1000 },
  });
  const data = Buffer.alloc(100_000, 7);
  await store.put('f', data, MP4);

  for (const [status, code, kind] of [
    [503, 'ServiceUnavailable', 'transient'],
    [503, undefined, 'transient'],
    [500, 'InternalError', 'transient'],
    [429, 'QpsLimitExceeded', 'transient'],
    [400, 'RequestTimeout', 'transient'],
    [403, 'AccessDenied', 'denied'],
    [403, undefined, 'denied'],
    [404, 'NoSuchBucket', 'misconfigured'],
    [400, 'EntityTooLarge', 'too-large'],
    [400, 'InvalidDigest', 'integrity'],
  ] as const) {
    proxy.fault = () => (code === undefined ? { status } : { status, code });
    for (const work of [() => store.put('f', data, MP4), () => store.get('f')]) {
      const failure = await failureOf(t, work());
      t.match(failure, { kind, status }, `${status} ${code}: ${failure.message}`);
      if (code !== undefined) t.equal(failure.code, code);
    }
  }

  for (const fault of ['reset', 'silence'] as const) {
    proxy.fault = () => fault;
    for (const work of [() => hasty.put('f', data, MP4), () => hasty.head('f')]) {
      t.equal((await failureOf(t, work())).kind, 'transient', fault);
    }
  }
  for (const fault of ['stall', 'cut'] as const) {
    proxy.fault = () => fault;
    const reading = await hasty.get('f');
    t.equal((await failureOf(t, buffer(reading!.body))).kind, 'transient', fault);
  }
});

await t.test('bytes that change on their way are refused', async (t) => {
  const proxy = await startFaultProxy(t, server.port);
  proxy.fault = (call) => (call.method === 'PUT' ? 'tamper' : undefined);
  const store = opened(t, storage(proxy.port));
  const failure = await failureOf(t, store.put('tampered', Buffer.from('abc'), MP4));
  t.match(failure, { kind: 'integrity', code: 'InvalidDigest' });
  t.equal(await store.head('tampered'), undefined);
});

function localhost(): string {
  return `http://localhost:${server.port}`;
}
