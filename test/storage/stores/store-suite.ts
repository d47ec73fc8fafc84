import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Test } from 'tap';
import { checkStore } from '../../../src/storage/stores/check-store.ts';
import { PutOnce } from '../../../src/storage/stores/put-once.ts';
import { type Store, type StoredObject, StoreError } from '../../../src/storage/stores/store.ts';
import { repeat } from '../../thoroughness.ts';

const MP4 = { contentType: 'video/mp4' };

/** Keys that clients, signatures, XML or file systems are known to get wrong. */
export const UNUSUAL_KEYS = [
  'a b/c d.m4s',
  'plus+plus/+.m4s',
  'percent%20%/100%25.m4s',
  '日本語/événement-ß.m4s',
  'é-decomposed/e\u0301.m4s',
  '😀/🎥.m4s',
  'quotes\'"`/!()*~$&,;=@[]{}|^#?<>.m4s',
  'colon:and\\backslash/x.m4s',
  ' leading and trailing /y ',
  '0123/0456',
  'true/null',
  'dots.../a..b',
  `${'long'.repeat(50)}/z`,
];

/** Opens the same kind of store at a root; the suite closes what it opens. */
export type OpenStore = (root: string) => Store | Promise<Store>;

/** Everything of an async iterable. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The StoreError of a call; fails the test when there is none. */
export async function failureOf(t: Test, work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    t.ok(error instanceof StoreError, 'rejects with a StoreError');
    return error as StoreError;
  }
  t.fail('expected a StoreError');
  throw new Error('expected a StoreError');
}

/** What every store must do alike. */
export async function storeSuite(t: Test, open: OpenStore): Promise<void> {
  const opened = async (t: Test, root: string): Promise<Store> => {
    const store = await open(root);
    t.teardown(() => store.close());
    return store;
  };

  await t.test('an object comes back byte for byte', async (t) => {
    const store = await opened(t, 'bytes');
    const data = randomBytes(3_000_001);
    await store.put('s/2026/01/02/v-1.m4s', data, MP4);
    const reading = await store.get('s/2026/01/02/v-1.m4s');
    t.equal(reading?.size, data.length);
    t.equal(reading?.contentLength, data.length);
    t.ok(data.equals(await buffer(reading!.body)));
    const head = await store.head('s/2026/01/02/v-1.m4s');
    t.equal(head?.size, data.length);
    t.match(head?.etag, /^".+"$/);
    t.equal(head?.etag, reading?.etag);
    t.ok(Math.abs(Date.now() - head!.modifiedMs!) < 60_000);

    const other = randomBytes(10);
    await store.put('s/2026/01/02/v-1.m4s', other, MP4);
    t.ok(other.equals(await bytesOf(store, 's/2026/01/02/v-1.m4s')), 'and is replaced as a whole');
    t.not((await store.head('s/2026/01/02/v-1.m4s'))?.etag, head?.etag);
  });

  await t.test('what is put once is never replaced', async (t) => {
    const store = await opened(t, 'once');
    t.same(await checkStore(store), { refusesToReplace: true });
    t.same(await all(store.list('')), [], 'the check leaves nothing');
    await store.put('seg', Buffer.from('first'), { ...MP4, ifAbsent: true });
    const refused = store.put('seg', Buffer.from('other'), { ...MP4, ifAbsent: true });
    t.equal((await failureOf(t, refused)).kind, 'exists');
    for (const isEnforced of [true, false]) {
      const once = new PutOnce(store);
      once.isEnforced = isEnforced;
      await once.put('seg', Buffer.from('first'), MP4);
      for (const other of ['other', 'longer than the first']) {
        const failure = await failureOf(t, once.put('seg', Buffer.from(other), MP4));
        t.match(failure, { kind: 'exists', code: 'ObjectExists' });
      }
      await once.put(`new ${isEnforced}`, Buffer.from('new'), MP4);
      t.equal((await bytesOf(store, `new ${isEnforced}`)).toString(), 'new');
    }
    t.equal((await bytesOf(store, 'seg')).toString(), 'first');
  });

  await t.test('an empty object', async (t) => {
    const store = await opened(t, 'empty');
    await store.put('none', Buffer.alloc(0), MP4);
    t.equal((await store.head('none'))?.size, 0);
    t.equal((await bytesOf(store, 'none')).length, 0);
  });

  await t.test('ranges', async (t) => {
    const store = await opened(t, 'ranges');
    const data = randomBytes(1000);
    await store.put('r', data, MP4);
    for (const [start, end, to] of [
      [0, 0, 1],
      [100, 199, 200],
      [990, undefined, 1000],
      [0, undefined, 1000],
      [900, 5000, 1000],
    ] as const) {
      const range = end === undefined ? { start } : { start, end };
      const reading = await store.get('r', range);
      t.equal(reading?.size, 1000);
      t.equal(reading?.contentLength, to - start);
      t.ok(data.subarray(start, to).equals(await buffer(reading!.body)), `${start}-${end ?? ''}`);
    }
    const failure = await failureOf(t, store.get('r', { start: 1000 }));
    t.equal(failure.status, 416);
    t.equal(failure.code, 'InvalidRange');
    t.equal(failure.kind, 'not-found');
  });

  await t.test('what is absent', async (t) => {
    const store = await opened(t, 'absent');
    t.equal(await store.get('no/such'), undefined);
    t.equal(await store.get('no/such', { start: 5 }), undefined);
    t.equal(await store.head('no/such'), undefined);
    await store.delete('no/such');
    const many = Array.from({ length: 1003 }, (_, n) => `many/${n} +.m4s`);
    const some = many.filter((_, n) => n % 100 === 0);
    await Promise.all(some.map((key) => store.put(key, Buffer.from('x'), MP4)));
    t.equal(await store.deleteAll(many), undefined, 'also those that do not exist');
    t.same(await all(store.list('many/')), []);
    t.equal(await store.deleteAll([]), undefined);
    t.same(await all(store.list('no/')), []);
    await store.put('one', Buffer.from('1'), MP4);
    await store.delete('one');
    t.equal(await store.head('one'), undefined);
  });

  await t.test('unusual names', async (t) => {
    const store = await opened(t, 'rööt +%');
    for (const [i, key] of UNUSUAL_KEYS.entries()) {
      const data = Buffer.from(`object ${i}`);
      await store.put(key, data, MP4);
      t.ok(data.equals(await bytesOf(store, key)), key);
      t.equal((await store.head(key))?.size, data.length);
      const prefix = key.slice(0, key.indexOf('/') + 1);
      t.same(await keysOf(store.list(prefix)), [key], `listed by ${JSON.stringify(prefix)}`);
    }
    t.same(await keysOf(store.list('')), [...UNUSUAL_KEYS].sort());
    const [first, ...others] = UNUSUAL_KEYS;
    await store.delete(first!);
    t.same(await keysOf(store.list('')), others.sort());
    t.equal(await store.deleteAll(UNUSUAL_KEYS), undefined);
    t.same(await keysOf(store.list('')), []);
  });

  await t.test('keys that mean nothing or something else elsewhere', async (t) => {
    const store = await opened(t, 'keys');
    for (const key of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', './a', 'a\nb', 'a\0b', '\ud800']) {
      for (const work of [
        () => store.put(key, Buffer.from('x'), MP4),
        () => store.get(key),
        () => store.head(key),
        () => store.delete(key),
      ]) {
        t.equal((await failureOf(t, work())).code, 'InvalidKey', JSON.stringify(key));
      }
    }
  });

  await t.test('roots, with and without slashes', async (t) => {
    const plain = await opened(t, 'roots/one');
    const slashed = await opened(t, '/roots/one/');
    const sibling = await opened(t, 'roots/one-more');
    await plain.put('a/x', Buffer.from('1'), MP4);
    await slashed.put('b/y', Buffer.from('22'), MP4);
    await sibling.put('a/z', Buffer.from('333'), MP4);
    t.same(await keysOf(plain.list('')), ['a/x', 'b/y']);
    t.same(await keysOf(slashed.list('')), ['a/x', 'b/y']);
    t.same(await keysOf(sibling.list('a')), ['a/z']);
    const above = await opened(t, 'roots');
    t.same(await keysOf(above.list('one')), ['one-more/a/z', 'one/a/x', 'one/b/y']);
    t.same(await keysOf(above.list('one/')), ['one/a/x', 'one/b/y']);
    const [found] = (await all(above.list('one/b'))) as [StoredObject];
    t.equal(found.size, 2);
    t.match(found.etag, /^".+"$/);
    t.ok(Math.abs(Date.now() - found.modifiedMs!) < 60_000);
  });

  await t.test('a body that nobody reads holds nothing', async (t) => {
    const store = await opened(t, 'unread');
    await store.put('big', randomBytes(2_000_000), MP4);
    for (let i = 0; i < 40; i++) {
      const reading = await store.get('big');
      reading?.body.destroy();
    }
    t.equal((await store.head('big'))?.size, 2_000_000);
  });
}

/** An address that needs no keys, for the stores that make one. */
export async function signedUrlSuite(t: Test, store: Store): Promise<void> {
  const data = randomBytes(500);
  for (const key of ['signed/plain.m4s', "signed/ü +%'!().m4s"]) {
    await store.put(key, data, { contentType: 'video/mp4' });
    const url = await store.signedUrl!(key, 60);
    const whole = await fetch(url);
    t.equal(whole.status, 200, key);
    t.equal(whole.headers.get('content-type'), 'video/mp4');
    t.ok(data.equals(Buffer.from(await whole.arrayBuffer())));
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
    t.equal(part.status, 206);
    t.ok(data.subarray(10, 20).equals(Buffer.from(await part.arrayBuffer())));
    const other = await fetch(url.replace('signed/', 'signed-other/'));
    t.equal(other.status, 403, 'the address opens this object only');
    await other.arrayBuffer();
  }
}

/** Ten thousand objects, put some at a time, listed page by page. */
export async function manyObjectsSuite(t: Test, store: Store): Promise<void> {
  const keys = Array.from({ length: repeat(10_000, 2500) }, (_, i) => `many/${i % 7}/v-${i}.m4s`);
  const waiting = keys[Symbol.iterator]();
  const data = Buffer.from('x');
  const putter = async () => {
    for (const key of waiting) await store.put(key, data, MP4);
  };
  await Promise.all(Array.from({ length: 16 }, putter));
  await listed(t, store, keys);
}

/** Lists what was put and holds it against its keys. */
export async function listed(t: Test, store: Store, keys: string[]): Promise<void> {
  const missing = new Set(keys);
  let count = 0;
  for await (const { key } of store.list('many/')) {
    count++;
    missing.delete(key);
  }
  t.equal(count, keys.length);
  t.equal(missing.size, 0);
}

async function keysOf(objects: AsyncIterable<StoredObject>): Promise<string[]> {
  return (await all(objects)).map(({ key }) => key).sort();
}

async function bytesOf(store: Store, key: string): Promise<Buffer> {
  return buffer((await store.get(key))!.body);
}
