import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { testApp } from './test-app.ts';

const SECRET = 'a secret of this test';
const OFFER = { payload: 'v=0', headers: { 'content-type': 'application/sdp' } };
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

const inHeader = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A JSON Web Token as RFC 7515 §7.1 has it, made without the library that reads it. */
function jwt(claims: object, { key = SECRET, alg = 'HS256', hash = 'sha256' } = {}): string {
  const signed = `${inHeader({ alg, typ: 'JWT' })}.${inHeader({ exp: inAnHour(), ...claims })}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest('base64url')}`;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Every kind of route: what it needs, and whether it is about the stream cam1. */
const REQUESTS = [
  { access: 'open', scoped: false, method: 'GET', url: '/' },
  { access: 'open', scoped: false, method: 'GET', url: '/icon.svg' },
  { access: 'open', scoped: false, method: 'GET', url: '/vendor/shaka-player.js' },
  { access: 'open', scoped: false, method: 'GET', url: '/documentation' },
  { access: 'open', scoped: false, method: 'GET', url: '/documentation/json' },
  { access: 'open', scoped: false, method: 'GET', url: '/api/info' },
  { access: 'open', scoped: false, method: 'GET', url: '/api/time' },
  { access: 'open', scoped: false, method: 'OPTIONS', url: '/whip/cam1' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/recorder/streams' },
  { access: 'read', scoped: true, method: 'GET', url: '/api/recorder/streams?stream=cam1' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/recorder/armed' },
  { access: 'execute', scoped: false, method: 'DELETE', url: '/api/recorder/armed' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/sources' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/streams/' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/streams/?stream=cam1' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/strategy/' },
  { access: 'read', scoped: false, method: 'GET', url: '/api/record/segments' },
  { access: 'read', scoped: true, method: 'GET', url: '/api/record/segments?stream=cam1' },
  {
    access: 'read',
    scoped: false,
    method: 'GET',
    url: '/api/record/segments?stream=cam1&stream=cam2',
  },
  { access: 'read', scoped: true, method: 'GET', url: '/api/record/cam1' },
  { access: 'read', scoped: true, method: 'HEAD', url: '/api/record/cam1' },
  { access: 'read', scoped: true, method: 'GET', url: '/api/streams/cam1' },
  {
    access: 'read',
    scoped: true,
    method: 'GET',
    url: '/api/record/object/cam1/2025/07/24/manifest.mpd',
  },
  {
    access: 'read',
    scoped: true,
    method: 'GET',
    url: '/api/record/object/a/b/cam1/2025/07/24/manifest.mpd',
  },
  { access: 'execute', scoped: true, method: 'POST', url: '/api/record/cam1' },
  { access: 'execute', scoped: true, method: 'DELETE', url: '/api/record/cam1' },
  { access: 'publish', scoped: true, method: 'POST', url: '/whip/cam1', ...OFFER },
  { access: 'publish', scoped: true, method: 'DELETE', url: '/session/cam1/x' },
  {
    access: 'publish',
    scoped: true,
    method: 'PATCH',
    url: '/session/cam1/x',
    payload: 'a=end-of-candidates',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag' },
  },
] as const;

const BITS = { open: 0, read: 4, publish: 2, execute: 1 };

let asked = 0;

/** Asks everything with one token, and compares with what the token should be let do. */
async function everything(
  t: Test,
  app: FastifyInstance,
  headers: Record<string, string>,
  expected: (request: (typeof REQUESTS)[number]) => 401 | 403 | 'yes',
): Promise<void> {
  for (const request of REQUESTS) {
    const { method, url } = request;
    const more = 'headers' in request ? request.headers : {};
    // Each from another address: failures from one would be answered late.
    const remoteAddress = `10.0.${++asked >> 8}.${asked & 255}`;
    const reply = await app.inject({
      ...request,
      remoteAddress,
      headers: { ...more, ...headers },
    });
    const outcome =
      reply.statusCode === 401 || reply.statusCode === 403 ? reply.statusCode : ('yes' as const);
    t.equal(outcome, expected(request), `${method} ${url}`);
    if (outcome === 401) {
      t.equal(reply.body, '', 'no body');
      t.equal(reply.headers['www-authenticate'], 'Bearer');
    }
    if (outcome === 403 && method !== 'HEAD') {
      t.match(reply.json(), { statusCode: 403, message: /^this token / });
    }
  }
}

const SECRET_TOML = `[auth]\nsecret = ${JSON.stringify(SECRET)}`;
const TOKENS_TOML = '[auth]\ntokens = ["first", "second-token"]';

const [{ app: open }, { app: withTokens }, { app: withJwt }] = [
  await testApp(t),
  await testApp(t, TOKENS_TOML),
  await testApp(t, SECRET_TOML),
];

t.test('nothing is asked for where there are neither tokens nor a secret', async (t) => {
  await everything(t, open, {}, () => 'yes');
});

t.test('an empty token is as good as any where none is asked for', async (t) => {
  await everything(t, open, { authorization: 'Bearer ' }, () => 'yes');
});

t.test('a static token may do everything', async (t) => {
  await everything(t, withTokens, bearer('second-token'), () => 'yes');
});

t.test('without a valid token only what is open', async (t) => {
  for (const headers of [
    {},
    { authorization: 'Bearer ' },
    { authorization: 'Bearer' },
    { authorization: 'second-token' },
    { authorization: 'Basic second-token' },
    bearer('second-toke'),
    bearer('second-token2'),
    bearer('first second-token'),
    bearer(jwt({ id: '*', mode: 7 })),
  ]) {
    await t.test(JSON.stringify(headers), async (t) =>
      everything(t, withTokens, headers as Record<string, string>, ({ access }) =>
        access === 'open' ? 'yes' : 401,
      ),
    );
  }
});

t.test('a JSON Web Token for all streams may do what its mode says', async (t) => {
  for (let mode = 0; mode <= 7; mode++) {
    await t.test(`mode ${mode}`, async (t) =>
      everything(t, withJwt, bearer(jwt({ id: '*', mode })), ({ access }) =>
        access === 'open' || (mode & BITS[access]) !== 0 ? 'yes' : 403,
      ),
    );
  }
});

t.test('a JSON Web Token for one stream may do it with that stream only', async (t) => {
  await everything(t, withJwt, bearer(jwt({ id: 'cam1', mode: 7 })), ({ access, scoped }) =>
    access === 'open' || scoped ? 'yes' : 403,
  );
  await everything(t, withJwt, bearer(jwt({ id: 'cam2', mode: 7 })), ({ access }) =>
    access === 'open' ? 'yes' : 403,
  );
});

t.test('JSON Web Tokens that are not valid', async (t) => {
  const unsigned = `${inHeader({ alg: 'none' })}.${inHeader({ id: '*', mode: 7, exp: inAnHour() })}.`;
  for (const [name, token] of Object.entries({
    expired: jwt({ id: '*', mode: 7, exp: 1_000_000_000 }),
    'another secret': jwt({ id: '*', mode: 7 }, { key: 'another' }),
    'another algorithm': jwt({ id: '*', mode: 7 }, { alg: 'HS512', hash: 'sha512' }),
    'no algorithm': unsigned,
    'no id': jwt({ mode: 7 }),
    'no mode': jwt({ id: '*' }),
    'no exp': jwt({ id: '*', mode: 7, exp: undefined }),
    'mode is text': jwt({ id: '*', mode: '7' }),
    'id is a number': jwt({ id: 7, mode: 7 }),
    'no token': 'a.b.c',
  })) {
    await t.test(name, async (t) =>
      everything(t, withJwt, bearer(token), ({ access }) => (access === 'open' ? 'yes' : 401)),
    );
  }
});

t.test('a secret that replaces another, or none, while the recorder runs', async (t) => {
  const { app, config } = await testApp(t, TOKENS_TOML);
  const status = async (key: string) => {
    const headers = bearer(jwt({ id: '*', mode: 7 }, { key }));
    return (await app.inject({ url: '/api/recordings', headers })).statusCode;
  };
  t.equal(await status('one'), 401);
  config.auth.secret = 'one';
  t.strictSame([await status('one'), await status('two')], [200, 401]);
  config.auth.secret = 'two';
  t.strictSame([await status('one'), await status('two')], [401, 200]);
  delete config.auth.secret;
  t.equal(await status('two'), 401);
});

t.test('a stream whose name has to be encoded', async (t) => {
  const { app } = await testApp(t, SECRET_TOML);
  const id = 'Küche/100 %';
  const headers = bearer(jwt({ id, mode: 4 }));
  const status = await app.inject({ url: `/api/record/${encodeURIComponent(id)}`, headers });
  t.equal(status.statusCode, 200);
  t.equal(status.json().id, id);
  const folder = encodeURIComponent('K%C3%BCche%2F100%20%25');
  const object = await app.inject({
    url: `/api/record/object/${folder}/2025/07/24/init.m4s`,
    headers,
  });
  t.equal(object.statusCode, 404, 'allowed, but not there');
});

t.test(
  'preflight requests need no token; ICE servers are told only to those who have one',
  async (t) => {
    const { app } = await testApp(
      t,
      `${TOKENS_TOML}\n[http]\ncors = true\n[[ice_servers]]\nurls = ["turn:a"]\nusername = "u"\ncredential = "c"`,
    );
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/whip/cam1',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    t.equal(preflight.statusCode, 204);
    t.equal(preflight.headers['access-control-allow-origin'], '*');
    t.equal(preflight.headers['access-control-allow-headers'], 'authorization,content-type');
    t.notOk('link' in preflight.headers);
    const asked = await app.inject({
      method: 'OPTIONS',
      url: '/whip/cam1',
      headers: bearer('first'),
    });
    t.strictSame(asked.headers.link, [
      '<turn:a>; rel="ice-server"; username="u"; credential="c"; credential-type="password"',
    ]);
    for (const url of ['/api/record/cam1', '/api/record/object/cam1/2025/07/24/manifest.mpd']) {
      const reply = await app.inject({
        method: 'OPTIONS',
        url,
        headers: { origin: 'https://example.org', 'access-control-request-method': 'GET' },
      });
      t.equal(reply.statusCode, 204, url);
    }
  },
);
