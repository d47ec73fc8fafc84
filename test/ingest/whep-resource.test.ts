import t, { type Test } from 'tap';
import { WhepResource } from '../../src/ingest/whep-resource.ts';
import type { WhepTarget } from '../../src/ingest/whep-target.ts';
import { freePort } from '../server/free-port.ts';
import { created, type EndpointRequest, listenHttp } from './whep-endpoint.ts';
import { until } from './whip-server.ts';

function create(target: WhepTarget, timeoutMs = 5000): Promise<WhepResource> {
  return WhepResource.create(target, 'v=0', timeoutMs, new AbortController().signal);
}

/** Pattern of a WhepError, for `t.rejects`. */
function failure(kind: string, message = /./, status?: number): Error {
  const withStatus = status === undefined ? {} : { status };
  return { name: 'WhepError', kind, message, ...withStatus } as unknown as Error;
}

/** Answers `/N` with status N and a body. */
async function listenStatuses(t: Test): Promise<string> {
  const { url } = await listenHttp(t, ({ path }, response) => {
    response.writeHead(Number(path.slice(1))).end('stream not exists\nand more');
  });
  return url;
}

t.test('posts an offer as servers want it, and ends what it created', async (t) => {
  const { url, requests } = await listenHttp(t, ({ method }, response) => {
    if (method !== 'POST') return void response.writeHead(204).end();
    response.writeHead(201, {
      'content-type': 'application/sdp; charset=utf-8',
      location: '../session/cam1/1?a=b',
      etag: '"tag"',
      'accept-patch': 'application/trickle-ice-sdpfrag',
      link: ['<stun:127.0.0.1:1>; rel="ice-server"', '<stun:127.0.0.1:2>; rel="ice-server"'],
    });
    response.end('the answer');
  });
  const resource = await create({ url: `${url}/whep/cam1`, token: 'secret' });
  t.equal(resource.answer, 'the answer');
  t.same(resource.iceServers, [{ urls: ['stun:127.0.0.1:1'] }, { urls: ['stun:127.0.0.1:2'] }]);
  t.equal(resource.takesFragments, true);
  t.same(await resource.layers(), []);
  await resource.patch('fragment');
  await resource.delete();
  const seen = requests.map(({ method, path, body, headers }) => [
    method,
    path,
    body,
    headers['content-type'],
    headers.authorization,
    headers['if-match'],
  ]);
  t.same(seen, [
    ['POST', '/whep/cam1', 'v=0', 'application/sdp', 'Bearer secret', undefined],
    [
      'PATCH',
      '/session/cam1/1?a=b',
      'fragment',
      'application/trickle-ice-sdpfrag',
      'Bearer secret',
      '"tag"',
    ],
    ['DELETE', '/session/cam1/1?a=b', '', undefined, 'Bearer secret', undefined],
  ]);
});

t.test('tells what the server said', async (t) => {
  const url = await listenStatuses(t);
  for (const [status, kind] of [
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'not-found'],
    [410, 'not-found'],
    [409, 'conflict'],
    [408, 'timeout'],
    [504, 'timeout'],
    [400, 'server'],
    [415, 'server'],
    [500, 'server'],
    [503, 'server'],
    [200, 'server'],
    [302, 'server'],
  ] as const) {
    const message = new RegExp(`^POST ${url}/${status}: ${status}: stream not exists$`);
    await t.rejects(create({ url: `${url}/${status}` }), failure(kind, message, status));
  }
});

t.test('refuses replies that are no answer', async (t) => {
  const { url, requests } = await listenHttp(t, ({ path, method }, response) => {
    if (method === 'DELETE') response.writeHead(200).end();
    else if (path === '/no-location') response.writeHead(201).end('v=0');
    else if (path === '/bad-location') created(response, 'v=0', 'ftp://127.0.0.1/');
    else if (path === '/long') created(response, 'x'.repeat(300_000));
    else {
      response.writeHead(201, { 'content-type': 'text/html', location: '/session' });
      response.end('<html>');
    }
  });
  await t.rejects(create({ url: `${url}/no-location` }), failure('bad-answer', /Location/, 201));
  await t.rejects(create({ url: `${url}/bad-location` }), failure('bad-answer', /Location/, 201));
  await t.rejects(create({ url: `${url}/long` }), failure('server', /longer than 262144 bytes/));
  await t.rejects(create({ url: `${url}/html` }), failure('bad-answer', /text\/html/, 201));
  await until(() => requests.at(-1)!.method === 'DELETE');
  t.equal(requests.at(-1)!.path, '/session');
});

t.test('errors of a server do not repeat what it was given', async (t) => {
  const { url } = await listenHttp(t, ({ path, headers }, response) => {
    const status = path.startsWith('/denied') ? 403 : 400;
    response.writeHead(status).end(`${path} with ${headers.authorization} (seCRet key: seCRet)`);
  });
  for (const path of ['/denied', '/broken']) {
    const target = { url: `${url}${path}?key=seCRet`, token: 'token-of-this-test' };
    const error = await create(target).then(
      () => t.fail('it was refused'),
      (error: Error) => error,
    );
    t.match(error, { name: 'WhepError', message: path });
    t.notMatch(String((error as Error).stack), /seCRet|token-of-this-test/);
  }
});

t.test('a server that cannot be reached', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}/whep/cam1`;
  await t.rejects(create({ url }), failure('refused', /ECONNREFUSED/));
  await t.rejects(create({ url: 'whep://127.0.0.1/' }), failure('refused', /not an http or https/));
  await t.rejects(create({ url: 'cam1' }), failure('refused', /not an http or https/));
  const cut = await listenHttp(t, (_request, response) => void response.destroy());
  await t.rejects(create({ url: cut.url }), failure('refused'));
});

t.test('a server that does not answer in time, or not to the end', async (t) => {
  const { url } = await listenHttp(t, ({ path }, response) => {
    if (path === '/half') {
      response.writeHead(201, { location: '/session', 'content-length': '100' }).write('v=0');
    }
  });
  for (const path of ['/never', '/half']) {
    await t.rejects(create({ url: url + path }, 200), failure('timeout', /no reply in time/));
  }
});

t.test('follows redirects that keep the method, and no others', async (t) => {
  const other = await listenHttp(t, (_request, response) => created(response, 'v=0'));
  const { url, requests } = await listenHttp(t, ({ path }, response) => {
    const number = Number(path.slice(1));
    if (path === '/elsewhere') response.writeHead(308, { location: `${other.url}/x` }).end();
    else if (Number.isNaN(number)) response.writeHead(200).end();
    else if (number === 0) created(response, 'v=0', 'session');
    else response.writeHead(307, { location: `/${number - 1}` }).end();
  });
  const resource = await create({ url: `${url}/3`, token: 'secret' });
  await resource.delete();
  const seen = ({ method, path, headers, body }: EndpointRequest) => [
    method,
    path,
    body,
    headers.authorization,
  ];
  t.same(requests.map(seen), [
    ['POST', '/3', 'v=0', 'Bearer secret'],
    ['POST', '/2', 'v=0', 'Bearer secret'],
    ['POST', '/1', 'v=0', 'Bearer secret'],
    ['POST', '/0', 'v=0', 'Bearer secret'],
    ['DELETE', '/session', '', 'Bearer secret'],
  ]);
  await t.rejects(create({ url: `${url}/4` }), failure('server', /redirects too often/));
  const away = await create({ url: `${url}/elsewhere`, token: 'secret' });
  await away.delete();
  t.same(
    other.requests.map(seen),
    [
      ['POST', '/x', 'v=0', undefined],
      ['DELETE', '/session', '', undefined],
    ],
    'the token stays at home',
  );
});

t.test('layers that are listed oddly', async (t) => {
  let list = '';
  const { url } = await listenHttp(t, ({ method, path }, response) => {
    if (method === 'POST') {
      const link = '</layer>; rel="urn:ietf:params:whep:ext:core:layer"';
      response.writeHead(201, { location: '/session', link }).end('v=0');
    } else if (list === '') response.writeHead(403).end();
    else response.writeHead(200).end(path === '/layer' ? list : '');
  });
  const resource = await create({ url });
  await t.rejects(resource.layers(), failure('unauthorized'));
  list = 'not JSON';
  await t.rejects(resource.layers(), failure('server', /not JSON/));
  list = '{}';
  t.same(await resource.layers(), []);
  list = '[null, 1, {"encodingId": 2}, {"encodingId": "f", "more": 1}]';
  t.same(await resource.layers(), [{ encodingId: 'f' }]);
});
