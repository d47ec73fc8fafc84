import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CODEC_NAMES } from '../../src/codecs/registry.ts';
import { listenRaw } from '../http/raw-request.ts';
import { testApp } from '../http/test-app.ts';

const PACKAGE_FILE = join(import.meta.dirname, '../../package.json');

t.test('which program this is, and that it takes no viewers', async (t) => {
  const { app } = await testApp(t);
  const { version } = JSON.parse(await readFile(PACKAGE_FILE, 'utf8'));
  t.strictSame((await app.inject('/api/info')).json(), {
    version,
    gitHash: '',
    buildTime: '',
    features: ['recorder'],
    codecs: CODEC_NAMES,
  });
  for (const path of ['/api/strategy/', '/api/strategy']) {
    t.strictSame((await app.inject(path)).json(), { each_stream_max_sub: 0 });
  }
});

t.test('which codecs are recorded, in the order of the configuration', async (t) => {
  const { app } = await testApp(t, '[recorder]\ncodecs = ["vp8", "opus", "h264"]');
  t.strictSame((await app.inject('/api/info')).json().codecs, ['vp8', 'opus', 'h264']);
});

t.test('the time, as players read it', async (t) => {
  const { app } = await testApp(t);
  const before = Date.now();
  const reply = await app.inject('/api/time');
  const after = Date.now();
  t.match(reply.body, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const told = Date.parse(reply.body);
  // Our clock and the system's are rounded each for itself.
  t.ok(told >= before - 50 && told <= after + 50, `${before} ${told} ${after}`);
  t.match(reply.headers, { 'content-type': /^text\/plain/, 'cache-control': 'no-store' });
});

t.test('paths where nothing is', async (t) => {
  const { app } = await testApp(t);
  for (const [method, url] of [
    ['GET', '/nothing'],
    ['GET', '/api/nothing'],
    ['POST', '/api/nothing'],
    ['DELETE', '/nothing'],
    ['GET', '/vendor/other.js'],
  ] as const) {
    const reply = await app.inject({ method, url: `${url}?secret=1` });
    t.equal(reply.statusCode, 404);
    t.strictSame(reply.json(), {
      statusCode: 404,
      error: 'Not Found',
      message: `there is nothing at ${method} ${url}`,
    });
  }
});

t.test('the console and its player are served, nothing beside them is', async (t) => {
  const { app } = await testApp(t);
  const page = await app.inject('/');
  t.equal(page.statusCode, 200);
  t.match(page.headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': /default-src 'self'/,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  t.notMatch(page.headers['content-security-policy'], /unsafe|upgrade-insecure/);
  const [, script = ''] = /<script [^>]*src="\.?\/?([^"]+)"/.exec(page.body) ?? [];
  const console = await app.inject(`/${script}`);
  t.match(console.headers['content-type'], /javascript/);
  const [name] = /shaka-player[\w.-]+\.js/.exec(console.body) ?? [];
  const player = await app.inject(`/assets/${name}`);
  t.equal(player.statusCode, 200);
  t.match(player.headers['content-type'], /javascript/);
  t.match(player.body, 'Shaka Player');
  const send = await listenRaw(app);
  for (const url of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/%2e%2e%2fpackage.json',
    '/..%5cpackage.json',
    '//package.json',
    '/./../package.json',
    '/vendor/..%2f..%2fpackage.json',
    '/%00',
    '/index.html%00.js',
  ]) {
    const { status, body } = await send('GET', url);
    t.ok(status >= 400 && status < 500, `${url}: ${status}`);
    t.match(JSON.parse(body), { statusCode: status, message: String });
  }
});

t.test('pages have a policy, and pages of other origins get nothing unless they may', async (t) => {
  const { app } = await testApp(t);
  for (const url of ['/', '/documentation/', '/documentation/static/swagger-ui.css']) {
    const { headers } = await app.inject(url);
    t.match(headers['content-security-policy'], /^default-src 'self';.*frame-ancestors 'self'/);
  }
  const info = await app.inject('/api/info');
  t.notOk('content-security-policy' in info.headers, 'what is no page needs none');
  t.notOk('strict-transport-security' in info.headers, 'which is for the proxy to say');
  t.equal(info.headers['cross-origin-resource-policy'], 'same-origin');
  const { app: forAll } = await testApp(t, '[http]\ncors = true');
  const { headers } = await forAll.inject('/api/info');
  t.equal(headers['cross-origin-resource-policy'], 'cross-origin');
});
