import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { listenRaw } from '../http/raw-request.ts';
import { testApp } from '../http/test-app.ts';

async function put(root: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

const at = (path: string) =>
  `/api/record/object/${path.split('/').map(encodeURIComponent).join('/')}`;

t.test('each kind of object with its type', async (t) => {
  const { app, root } = await testApp(t);
  for (const [name, type] of [
    ['manifest.mpd', 'application/dash+xml'],
    ['init.m4s', 'video/mp4'],
    ['init_2.m4s', 'video/mp4'],
    ['seg_0001.m4s', 'video/mp4'],
    ['audio_init.m4s', 'audio/mp4'],
    ['audio_seg_10000.m4s', 'audio/mp4'],
    ['seg_0001.webm', 'video/webm'],
    ['audio_seg_0001.webm', 'audio/webm'],
    ['notes', 'application/octet-stream'],
  ] as const) {
    const path = `cam1/2025/07/24/${name}`;
    await put(root, path, `content of ${name}`);
    const reply = await app.inject(at(path));
    t.equal(reply.statusCode, 200, name);
    t.equal(reply.headers['content-type'], type, name);
    t.equal(reply.body, `content of ${name}`);
    t.equal(
      reply.headers['cache-control'],
      name === 'manifest.mpd' ? 'no-cache' : 'private, max-age=86400, immutable',
    );
    const head = await app.inject({ method: 'HEAD', url: at(path) });
    t.equal(head.statusCode, 200);
    t.equal(head.headers['content-type'], type);
    t.equal(head.headers['content-length'], String(`content of ${name}`.length));
    t.equal(head.body, '');
  }
});

t.test('a manifest that is being written is newer than its file', async (t) => {
  const { app, root, recorder } = await testApp(t);
  const path = 'cam1/2025/07/24/manifest.mpd';
  await put(root, path, 'file');
  recorder.manifests.set(path, '<MPD>ü</MPD>');
  const live = await app.inject(at(path));
  t.equal(live.body, '<MPD>ü</MPD>');
  t.match(live.headers, { 'content-type': 'application/dash+xml', 'cache-control': 'no-cache' });
  recorder.manifests.clear();
  t.equal((await app.inject(at(path))).body, 'file');
  recorder.calls.length = 0;
  await app.inject(at('cam1/2025/07/24/seg_0001.m4s'));
  t.strictSame(recorder.calls, [], 'nobody is asked about segments');
});

t.test('ranges and conditions', async (t) => {
  const { app, root } = await testApp(t);
  const path = 'cam1/2025/07/24/seg_0001.m4s';
  await put(root, path, '0123456789');
  const get = (headers: Record<string, string>) => app.inject({ url: at(path), headers });

  const whole = await get({});
  t.equal(whole.headers['accept-ranges'], 'bytes');
  const etag = String(whole.headers.etag);
  const modified = String(whole.headers['last-modified']);

  const middle = await get({ range: 'bytes=2-4' });
  t.equal(middle.statusCode, 206);
  t.equal(middle.body, '234');
  t.match(middle.headers, { 'content-range': 'bytes 2-4/10', 'content-type': 'video/mp4' });
  t.equal((await get({ range: 'bytes=7-' })).body, '789');
  t.equal((await get({ range: 'bytes=-2' })).body, '89');
  t.equal((await get({ range: 'bytes=0-99' })).body, '0123456789');
  const beyond = await get({ range: 'bytes=10-' });
  t.equal(beyond.statusCode, 416);
  t.match(beyond.json(), { statusCode: 416, message: String });

  const unchanged = await get({ 'if-none-match': etag });
  t.equal(unchanged.statusCode, 304);
  t.equal(unchanged.body, '');
  t.equal((await get({ 'if-modified-since': modified })).statusCode, 304);
  t.equal((await get({ 'if-none-match': '"another"' })).statusCode, 200);
  t.equal((await get({ 'if-none-match': `W/${etag}` })).statusCode, 304, 'compared weakly');
  t.equal((await get({ 'if-match': etag })).statusCode, 200);
  t.equal((await get({ 'if-match': `"a", ${etag}` })).statusCode, 200);
  t.equal((await get({ 'if-match': `W/${etag}` })).statusCode, 412);
  t.match(etag, /^"/, 'strong');
  const partIf = async (same: string) => {
    const reply = await get({ range: 'bytes=2-4', 'if-range': same });
    return [reply.statusCode, reply.body];
  };
  t.strictSame(await partIf(etag), [206, '234']);
  t.strictSame(await partIf(`W/${etag}`), [200, '0123456789'], 'compared strongly');
  t.strictSame(await partIf(`${etag}, "b"`), [200, '0123456789'], 'one tag alone');
  t.strictSame(await partIf('"another"'), [200, '0123456789']);
  await utimes(join(root, path), 1_700_000_000, 1_700_000_000);
  t.strictSame(await partIf(new Date(1_700_000_000_000).toUTCString()), [206, '234']);
  t.strictSame(await partIf(new Date(1_700_000_001_000).toUTCString()), [200, '0123456789']);
  const [inMs] = [Date.now()];
  await utimes(join(root, path), inMs / 1000 + 3600, inMs / 1000 + 3600);
  t.strictSame(
    await partIf(new Date(inMs + 3_600_000).toUTCString()),
    [200, '0123456789'],
    'a time of this second or later says nothing for sure',
  );
  const failed = await get({ 'if-match': '"another"' });
  t.equal(failed.statusCode, 412);
  t.match(failed.json(), { statusCode: 412, message: String });
});

t.test('a folder name that holds percent signs is decoded once', async (t) => {
  const { app, root } = await testApp(t);
  const path = 'K%C3%BCche%2F100%20%25/2025/07/24/init.m4s';
  await put(root, path, 'kitchen');
  t.equal((await app.inject(at(path))).body, 'kitchen');
  const oneTooFew = await app.inject(`/api/record/object/${path}`);
  t.equal(oneTooFew.statusCode, 404, 'decoded it names another folder');
  await put(root, '%2e%2e/secret.m4s', 'odd but inside');
  t.equal((await app.inject(at('%2e%2e/secret.m4s'))).body, 'odd but inside');
});

t.test('what is not an object is not there', async (t) => {
  const { app, root } = await testApp(t);
  await put(root, 'cam1/2025/07/24/seg_0002.m4s.part', 'unfinished');
  await put(root, 'cam1/.hidden/seg.m4s', 'hidden');
  await put(root, 'cam1/.manifest.mpd', 'hidden');
  for (const path of [
    'cam1',
    'cam1/2025',
    'cam1/2025/07/24/seg_0001.m4s',
    'cam1/2025/07/24/seg_0002.m4s.part',
    'cam1/2025/07/24/seg_0002.m4s.part/x',
    'cam1/.hidden/seg.m4s',
    'cam1/.manifest.mpd',
    '.index/segments.jsonl',
    `cam1/${'x'.repeat(300)}`,
    'manifest.mpd',
  ]) {
    const reply = await app.inject(at(path));
    t.equal(reply.statusCode, 404, path.slice(0, 60));
    t.match(reply.json(), { statusCode: 404, error: 'Not Found', message: String });
    t.equal(reply.headers['cache-control'], 'no-store', 'it may be there soon');
  }
});

t.test('paths that lead out of the root, over a real socket', async (t) => {
  const { app, root } = await testApp(t);
  const secret = join(dirname(root), 'secret.m4s');
  await put(root, 'cam1/init.m4s', 'inside');
  const send = await listenRaw(app);
  const get = (path: string) => send('GET', `/api/record/object/${path}`);
  t.match(await get('cam1/init.m4s'), { status: 200, body: 'inside' });
  for (const path of [
    '',
    '/',
    '/etc/passwd',
    '//etc/passwd',
    '%2fetc%2fpasswd',
    '../secret.m4s',
    'cam1/../../secret.m4s',
    'cam1/../cam1/init.m4s',
    '..%2fsecret.m4s',
    '%2e%2e/secret.m4s',
    '%2e%2e%2fsecret.m4s',
    'cam1/%2e%2e/%2e%2e/secret.m4s',
    'cam1%2f..%2f..%2fsecret.m4s',
    '..%5csecret.m4s',
    '..\\secret.m4s',
    'cam1/./init.m4s',
    'cam1//init.m4s',
    'cam1/init.m4s/',
    'cam1/init.m4s%00',
    '%00',
    'cam1/%0a',
    'cam1/%zz',
    'cam1/%c0%ae%c0%ae/secret.m4s',
    '../../../../../../etc/passwd',
    secret,
  ]) {
    const { status, body } = await get(path);
    t.ok(status >= 400 && status < 500, `${path}: ${status}`);
    t.match(JSON.parse(body), { statusCode: status, message: String });
  }
});

t.test('a link inside the root is followed: operators move folders that way', async (t) => {
  const { app, root } = await testApp(t);
  await put(root, 'moved/2025/07/24/init.m4s', 'moved');
  await symlink(join(root, 'moved'), join(root, 'cam1'));
  t.equal((await app.inject(at('cam1/2025/07/24/init.m4s'))).body, 'moved');
});

t.test('players of other origins may read', async (t) => {
  const { app, root } = await testApp(t, '[http]\ncors = true');
  await put(root, 'cam1/init.m4s', 'x');
  const reply = await app.inject({
    url: at('cam1/init.m4s'),
    headers: { origin: 'https://example.org', range: 'bytes=0-0' },
  });
  t.equal(reply.statusCode, 206);
  t.equal(reply.headers['access-control-allow-origin'], '*');
  t.match(reply.headers['access-control-expose-headers'], 'Content-Range');
});
