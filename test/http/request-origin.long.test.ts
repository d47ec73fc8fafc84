import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { testApp } from './test-app.ts';

const TOKEN = 'a-token-of-this-test';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const HOSTS_TOML = '[http]\nhosts = ["recorder.example.org"]';
const CORS_TOML = '[http]\ncors = true';
const TOKENS_TOML = `[auth]\ntokens = [${JSON.stringify(TOKEN)}]`;

/** Host × what it is: a name that is ours without being configured, one that is, or a stranger's. */
const HOSTS = [
  ['127.0.0.1:7778', 'ours'],
  ['127.9.9.9', 'ours'],
  ['192.168.1.5:7778', 'ours'],
  ['[::1]:7778', 'ours'],
  ['[2001:db8::1]', 'ours'],
  ['localhost:7778', 'ours'],
  ['LOCALHOST.', 'ours'],
  ['console.localhost:1', 'ours'],
  [`${hostname()}:7778`, 'ours'],
  [`${hostname().split('.')[0]}.local`, 'ours'],
  ['recorder.example.org', 'configured'],
  ['Recorder.Example.ORG.:443', 'configured'],
  ['evil.example', 'strange'],
  ['127.0.0.1.evil.example', 'strange'],
  ['localhost.evil.example:7778', 'strange'],
  ['evil.localhost.example', 'strange'],
  ['sub.recorder.example.org', 'strange'],
  ['127.0.0.1@evil.example', 'strange'],
  ['127.0.0.1:80@evil.example', 'strange'],
  ['2130706433', 'strange'],
  ['[::1', 'strange'],
  ['evil.example:7778#127.0.0.1', 'strange'],
] as const;

/** What a browser says of the page × whether that is one of ours, at the Host 127.0.0.1:7778. */
const PAGES = [
  [{}, 'none'],
  [{ origin: 'http://127.0.0.1:7778' }, 'ours'],
  [{ origin: 'https://127.0.0.1:7778' }, 'ours'],
  [{ origin: 'http://127.0.0.1:7778', 'sec-fetch-site': 'same-origin' }, 'ours'],
  // A form on a page with the policy no-referrer.
  [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, 'ours'],
  [{ 'sec-fetch-site': 'none' }, 'ours'],
  [{ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }, 'foreign'],
  [{ origin: 'http://127.0.0.1' }, 'foreign'],
  [{ origin: 'http://localhost:7778' }, 'foreign'],
  [{ origin: 'http://evil.example' }, 'foreign'],
  [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 'foreign'],
  [{ 'sec-fetch-site': 'cross-site' }, 'foreign'],
  [{ origin: 'null' }, 'foreign'],
  [{ origin: 'http://127.0.0.1:7778.evil.example' }, 'foreign'],
  [{ origin: 'http://127.0.0.1:7778@evil.example' }, 'foreign'],
  [{ origin: 'file://' }, 'foreign'],
  [{ origin: 'nonsense' }, 'foreign'],
] as const;

const REQUESTS = [
  { method: 'GET', url: '/api/recorder/streams', changes: false },
  { method: 'GET', url: '/', changes: false },
  { method: 'GET', url: '/nothing', changes: false },
  { method: 'HEAD', url: '/api/record/cam1', changes: false },
  { method: 'OPTIONS', url: '/whip/cam1', changes: false },
  { method: 'POST', url: '/api/record/cam1', changes: true },
  { method: 'DELETE', url: '/api/record/cam1', changes: true },
  {
    method: 'POST',
    url: '/whip/cam1',
    changes: true,
    payload: 'v=0',
    headers: { 'content-type': 'application/sdp' },
  },
  { method: 'PATCH', url: '/api/recordings', changes: true, payload: { records: [] } },
] as const;

/** Status of every request with these headers; `ok` for any that says it was not refused here. */
async function refusals(
  app: FastifyInstance,
  headers: Record<string, string>,
): Promise<[name: string, changes: boolean, refusal: number | 'ok'][]> {
  const all: [string, boolean, number | 'ok'][] = [];
  for (const { changes, ...request } of REQUESTS) {
    const more = 'headers' in request ? request.headers : {};
    const { statusCode } = await app.inject({ ...request, headers: { ...more, ...headers } });
    const isRefused = statusCode === 421 || statusCode === 403 || statusCode === 401;
    all.push([`${request.method} ${request.url}`, changes, isRefused ? statusCode : 'ok']);
    await app.recorder.stop('cam1');
  }
  return all;
}

async function table(
  t: Test,
  toml: string,
  token: Record<string, string>,
  expected: (kind: { host: string; page: string; changes: boolean }) => number | 'ok',
): Promise<void> {
  const { app } = await testApp(t, toml);
  const rows = [
    ...HOSTS.map(([host, kind]) => ({ host, kind, page: {}, pageKind: 'none' })),
    ...PAGES.map(([page, pageKind]) => ({ host: '127.0.0.1:7778', kind: 'ours', page, pageKind })),
    // A page whose name was made to lead here is of our origin.
    ...HOSTS.map(([host, kind]) => ({
      host,
      kind,
      page: { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
      pageKind: 'ours',
    })),
  ];
  for (const { host, kind, page, pageKind } of rows) {
    for (const [name, changes, refusal] of await refusals(app, { host, ...page, ...token })) {
      const right = expected({ host: kind, page: pageKind, changes });
      t.equal(refusal, right, `${name} Host ${host} ${JSON.stringify(page)}`);
    }
  }
}

t.test('without tokens: known names only, and pages of ours', async (t) => {
  await table(t, '', {}, ({ host, page, changes }) => {
    if (host !== 'ours') return 421;
    return page === 'foreign' && changes ? 403 : 'ok';
  });
});

t.test('without tokens, names configured', async (t) => {
  await table(t, HOSTS_TOML, {}, ({ host, page, changes }) => {
    if (host === 'strange') return 421;
    return page === 'foreign' && changes ? 403 : 'ok';
  });
});

t.test('without tokens, pages of all origins allowed', async (t) => {
  await table(t, CORS_TOML, {}, ({ host }) => (host === 'ours' ? 'ok' : 421));
});

t.test('with tokens every name and page is as good as its token', async (t) => {
  await table(t, TOKENS_TOML, BEARER, () => 'ok');
});

t.test('with tokens, and none given', async (t) => {
  const { app } = await testApp(t, TOKENS_TOML);
  for (const [host] of HOSTS) {
    for (const [name, , refusal] of await refusals(app, { host, origin: `http://${host}` })) {
      t.equal(refusal, /api\/rec|POST/.test(name) ? 401 : 'ok', `${name} ${host}`);
    }
  }
});

t.test('words that say what to do', async (t) => {
  const { app } = await testApp(t);
  const misdirected = await app.inject({ url: '/api/sources', headers: { host: 'evil.example' } });
  t.match(misdirected.json(), { statusCode: 421, error: 'Misdirected Request' });
  t.match(misdirected.json().message, /"evil\.example".*\[http\] hosts/);
  const headers = { host: 'localhost', origin: 'https://evil.example' };
  const foreign = await app.inject({ method: 'POST', url: '/api/record/a', headers });
  t.match(foreign.json().message, /https:\/\/evil\.example.*\[http\] cors = true/);
  t.strictSame(await app.recorder.streams(), []);
});

t.test('the host of listen is known', async (t) => {
  const { app } = await testApp(t, '[http]\nlisten = "recorder.lan:7778"');
  const reply = await app.inject({ url: '/api/sources', headers: { host: 'recorder.lan:7778' } });
  t.equal(reply.statusCode, 200);
});

t.test('publishing from a page of another origin, where that is allowed', async (t) => {
  const { app } = await testApp(t, CORS_TOML);
  const page = {
    host: '127.0.0.1:7778',
    origin: 'https://studio.example',
    'sec-fetch-site': 'cross-site',
  };
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/whip/cam1',
    headers: {
      ...page,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  t.equal(preflight.statusCode, 204);
  t.equal(preflight.headers['access-control-allow-origin'], '*');
  const posted = await app.inject({
    method: 'POST',
    url: '/whip/cam1',
    headers: { ...page, 'content-type': 'application/sdp' },
    payload: 'v=0',
  });
  t.equal(posted.statusCode, 201);
  t.match(posted.headers['access-control-expose-headers'], 'Location');
  const url = new URL(String(posted.headers.location), 'http://127.0.0.1:7778/whip/cam1').pathname;
  t.equal((await app.inject({ method: 'DELETE', url, headers: page })).statusCode, 200);
});

t.test('behind a proxy', async (t) => {
  const trusting = '[http]\ntrust_proxy = ["127.0.0.1"]\nhosts = ["rec.example.org"]';
  const browser = { origin: 'https://rec.example.org' };
  const upstream = { host: '127.0.0.1:7778' };
  const forwarded = { ...upstream, 'x-forwarded-host': 'rec.example.org' };
  const arm = async (
    toml: string,
    headers: Record<string, string>,
    remoteAddress = '127.0.0.1',
  ) => {
    const { app } = await testApp(t, toml);
    const reply = await app.inject({
      method: 'POST',
      url: '/api/record/cam1',
      headers,
      remoteAddress,
    });
    return reply.statusCode;
  };
  t.equal(await arm('', { ...forwarded, ...browser }), 403, 'nobody is believed by default');
  t.equal(
    await arm(HOSTS_TOML.replace('recorder', 'rec'), { ...upstream, ...browser }),
    200,
    'hosts',
  );
  t.equal(await arm(trusting, { ...forwarded, ...browser }), 200);
  t.equal(
    await arm('[http]\ntrust_proxy = ["127.0.0.1"]', { ...forwarded, ...browser }),
    421,
    'a name that the proxy was called has to be known too',
  );
  t.equal(
    await arm(trusting, { ...upstream, 'x-forwarded-host': 'evil.example' }),
    421,
    'rebinding to the proxy',
  );
  t.equal(
    await arm(trusting, { host: 'evil.example', 'x-forwarded-host': 'rec.example.org' }),
    421,
    'rebinding to us with a header of its own',
  );
  t.equal(
    await arm(trusting, { ...forwarded, origin: 'https://evil.example' }),
    403,
    'a page of others, through the proxy',
  );
  t.equal(
    await arm(trusting, { ...forwarded, 'x-forwarded-host': 'evil.example' }, '10.0.0.1'),
    200,
    'who is no proxy is not believed',
  );
});

t.test('the prefix that a trusted proxy tells', async (t) => {
  const location = async (toml: string, prefix: string) => {
    const { app } = await testApp(t, toml);
    const reply = await app.inject({
      method: 'POST',
      url: '/whip/cam1',
      headers: { 'content-type': 'application/sdp', 'x-forwarded-prefix': prefix },
      payload: 'v=0',
    });
    return reply.headers.location;
  };
  const trusting = '[http]\ntrust_proxy = ["127.0.0.0/8"]';
  t.equal(await location(trusting, '/rec'), '/rec/session/cam1/s%201');
  t.equal(await location(trusting, '/a/rec/'), '/a/rec/session/cam1/s%201');
  t.equal(await location('', '/rec'), '../session/cam1/s%201');
  for (const odd of ['//evil.example', 'https://evil.example', 'rec', '/', '', '/a\\b', '/a b']) {
    t.equal(await location(trusting, odd), '../session/cam1/s%201', odd);
  }
});
