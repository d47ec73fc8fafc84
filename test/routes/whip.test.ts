import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { listenRaw } from '../http/raw-request.ts';
import { testApp } from '../http/test-app.ts';

const sdp = { 'content-type': 'application/sdp' };
const OFFER = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';

t.test('an offer is answered with 201 and the session', async (t) => {
  const { app, recorder } = await testApp(
    t,
    `[[ice_servers]]
    urls = ["stun:stun.example.org", "turn:turn.example.org?transport=udp"]
    username = 'a "quoted" \\ name'
    credential = "c"`,
  );
  const reply = await app.inject({
    method: 'POST',
    url: `/whip/${encodeURIComponent('Küche/100 %')}`,
    headers: { 'content-type': 'application/SDP; charset=utf-8' },
    payload: OFFER,
  });
  t.equal(reply.statusCode, 201);
  t.match(reply.headers, {
    'content-type': 'application/sdp',
    location: '../session/K%C3%BCche%2F100%20%25/s%201',
    etag: '"e1"',
    'accept-patch': 'application/trickle-ice-sdpfrag',
    link: [
      '<stun:stun.example.org>; rel="ice-server"; username="a \\"quoted\\" \\\\ name"; credential="c"; credential-type="password"',
      '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="a \\"quoted\\" \\\\ name"; credential="c"; credential-type="password"',
    ],
  });
  t.equal(reply.body, 'v=0\r\nanswer\r\n');
  t.strictSame(recorder.calls, [['publish', 'Küche/100 %', OFFER]]);

  const session = new URL(String(reply.headers.location), 'http://localhost/whip/x').pathname;
  const ended = await app.inject({ method: 'DELETE', url: session });
  t.equal(ended.statusCode, 200, 'the session is where Location says');
});

t.test('no Link without ICE servers', async (t) => {
  const { app } = await testApp(t);
  const reply = await app.inject({
    method: 'POST',
    url: '/whip/cam1',
    headers: sdp,
    payload: OFFER,
  });
  t.notOk('link' in reply.headers);
});

t.test('a second publisher is refused', async (t) => {
  const { app } = await testApp(t);
  const post = () =>
    app.inject({ method: 'POST', url: '/whip/cam1', headers: sdp, payload: OFFER });
  t.equal((await post()).statusCode, 201);
  const second = await post();
  t.equal(second.statusCode, 409);
  t.strictSame(second.json(), {
    statusCode: 409,
    error: 'Conflict',
    message: 'the stream "cam1" has a publisher already',
  });
});

t.test('bodies of another type, none at all, or too large', async (t) => {
  const { app, recorder } = await testApp(t);
  const post = (headers: Record<string, string>, payload?: string) =>
    app.inject({
      method: 'POST',
      url: '/whip/cam1',
      headers,
      ...(payload !== undefined && { payload }),
    });
  for (const type of [
    'application/json',
    'text/plain',
    'application/sdpx',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/trickle-ice-sdpfrag',
  ]) {
    const reply = await post({ 'content-type': type }, OFFER);
    t.equal(reply.statusCode, 415, type);
    t.equal(reply.headers['accept-post'], 'application/sdp');
    t.match(reply.json().message, /^Content-Type must be application\/sdp, not /);
  }
  t.equal((await post({}, OFFER)).statusCode, 415);
  t.equal((await post({})).statusCode, 415);
  const empty = await post(sdp, '');
  t.equal(empty.statusCode, 400);
  t.match(empty.json().message, /^body: /);
  t.equal((await post(sdp, 'v'.repeat(256 * 1024))).statusCode, 201);
  t.equal((await post(sdp, 'v'.repeat(256 * 1024 + 1))).statusCode, 413);
  t.equal(recorder.calls.length, 1);
});

t.test('a body of 10 MB is refused before it is read', async (t) => {
  const { app, recorder } = await testApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  for (const chunked of [false, true]) {
    const body = Buffer.alloc(10_000_000, 'v');
    const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const outgoing = request(
        {
          port,
          method: 'POST',
          path: '/whip/cam1',
          headers: { ...sdp, ...(!chunked && { 'content-length': body.length }) },
        },
        async (incoming) => {
          let text = '';
          for await (const part of incoming.setEncoding('utf8')) text += part;
          resolve({ status: incoming.statusCode ?? 0, body: text });
        },
      );
      // The server hangs up once it has answered; what of the body is still to be sent may fail.
      outgoing.on('error', reject);
      outgoing.write(body.subarray(0, 300_000));
    });
    t.equal(answer.status, 413);
    t.match(JSON.parse(answer.body), { statusCode: 413, message: /too large/i });
  }
  t.strictSame(recorder.calls, []);
});

t.test('OPTIONS tells what can be posted, with and without CORS', async (t) => {
  for (const cors of [false, true]) {
    const { app } = await testApp(t, `[http]\ncors = ${cors}\n[[ice_servers]]\nurls = ["stun:a"]`);
    const reply = await app.inject({ method: 'OPTIONS', url: '/whip/cam1' });
    t.equal(reply.statusCode, 204);
    t.match(reply.headers, {
      'accept-post': 'application/sdp',
      link: ['<stun:a>; rel="ice-server"'],
    });
    t.equal(reply.body, '');
    t.equal(reply.headers['access-control-allow-origin'], cors ? '*' : undefined);
    const posted = await app.inject({
      method: 'POST',
      url: '/whip/cam1',
      headers: { ...sdp, origin: 'https://example.org' },
      payload: OFFER,
    });
    const exposed = String(posted.headers['access-control-expose-headers'] ?? '');
    for (const name of ['Location', 'Link', 'ETag', 'Accept-Patch']) {
      t.equal(exposed.split(', ').includes(name), cors, name);
    }
  }
});

t.test('other methods are refused as RFC 9725 says', async (t) => {
  const { app } = await testApp(t);
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const) {
    const reply = await app.inject({ method, url: '/whip/cam1', headers: sdp, payload: OFFER });
    t.equal(reply.statusCode, 405, method);
    t.equal(reply.headers.allow, 'POST, OPTIONS');
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'POST'] as const) {
    const reply = await app.inject({ method, url: '/session/cam1/x', headers: sdp, payload: 'x' });
    t.equal(reply.statusCode, 405, method);
    t.equal(reply.headers.allow, 'PATCH, DELETE, OPTIONS');
  }
});

t.test('names that no stream can have', async (t) => {
  const { app, recorder } = await testApp(t);
  const send = await listenRaw(app);
  const requests = [
    ['POST', '/whip/', sdp, OFFER],
    ['POST', '/api/record/', {}, ''],
    ['DELETE', '/api/record/', {}, ''],
    ['GET', '/api/streams/', {}, ''],
  ] as const;
  for (const name of [
    '../../etc/passwd',
    '..',
    '.',
    'a/../b',
    '..\\..\\windows',
    '\0',
    'a\0b',
    'a\nb',
    '\u0085',
    'x'.repeat(256),
    'x'.repeat(300),
    'segments',
    'object',
  ]) {
    for (const [method, path, headers, body] of requests) {
      const reply = await send(method, path + encodeURIComponent(name), headers, body);
      t.equal(reply.status, 400, `${method} ${path}${JSON.stringify(name.slice(0, 20))}`);
      t.match(JSON.parse(reply.body).message, /^stream: must /);
    }
  }
  for (const name of [
    '%2e%2e',
    '%2e%2e%2fx',
    '%',
    '%zz',
    '%ff',
    '%c3%28',
    '%ed%a0%80',
    '%c0%af',
    '',
    '../../etc/passwd',
    'x'.repeat(9000),
  ]) {
    for (const [method, path, headers, body] of requests) {
      // The list of all streams.
      if (method === 'GET' && name === '') continue;
      const reply = await send(method, path + name, headers, body);
      t.ok(reply.status >= 400 && reply.status < 500, `${method} ${path}${name.slice(0, 20)}`);
      t.match(JSON.parse(reply.body), { statusCode: reply.status, message: String });
    }
  }
  t.strictSame(recorder.calls, []);
});

t.test('names that look odd and are allowed', async (t) => {
  const { app, recorder } = await testApp(t);
  const names = [
    'x'.repeat(255),
    '日本'.repeat(100),
    '...',
    '.hidden',
    'a/b',
    'Segments',
    '%00',
    '😀 ?#&',
  ];
  for (const name of names) {
    const reply = await app.inject({
      method: 'POST',
      url: `/api/record/${encodeURIComponent(name)}`,
    });
    t.equal(reply.statusCode, 200, name.slice(0, 20));
  }
  t.strictSame(
    recorder.calls.map(([, name]) => name),
    names,
  );
});
