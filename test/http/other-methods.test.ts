import t from 'tap';
import { testApp } from './test-app.ts';

const TRIED = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

t.test('every route refuses other methods with those that it has', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["a token of this test"]');
  const { paths = {} } = app.swagger() as { paths?: Record<string, Record<string, unknown>> };
  const addresses = [...Object.entries(paths), ['/', { get: {} }], ['/icon.svg', { get: {} }]];
  t.ok(addresses.length > 15);
  for (const [path, operations] of addresses as [string, Record<string, unknown>][]) {
    const documented = Object.keys(operations).map((name) => name.toUpperCase());
    const url = path
      .replace('{path}', 'cam1/2025/07/24/manifest.mpd')
      .replaceAll(/\{\w+\}/g, 'cam1');
    const options = await app.inject({ method: 'OPTIONS', url });
    t.equal(options.statusCode, 204, `OPTIONS ${url} needs no token`);
    const allowed = String(options.headers.allow).split(', ');
    t.strictSame(
      documented.filter((method) => !allowed.includes(method)),
      [],
      url,
    );
    for (const method of TRIED.filter((each) => !allowed.includes(each))) {
      // Start and stop take it for the name of a stream, and say that it is reserved.
      if (url === '/api/record/segments' && /POST|DELETE/.test(method)) continue;
      const reply = await app.inject({
        method,
        url,
        headers: { 'content-type': 'text/odd' },
        ...(method !== 'GET' && method !== 'HEAD' && { payload: 'a body' }),
      });
      t.equal(reply.statusCode, 405, `${method} ${url}`);
      t.equal(reply.headers.allow, options.headers.allow);
      if (method !== 'HEAD') t.match(reply.json().message, / is not allowed here, only /);
    }
  }
});

t.test('preflight requests of browsers are answered as such', async (t) => {
  const { app } = await testApp(t, '[http]\ncors = true');
  const reply = await app.inject({
    method: 'OPTIONS',
    url: '/api/recordings',
    headers: { origin: 'https://example.org', 'access-control-request-method': 'PATCH' },
  });
  t.equal(reply.statusCode, 204);
  t.match(reply.headers['access-control-allow-methods'], /PATCH/);
});

t.test('where nothing is, no method is refused', async (t) => {
  const { app } = await testApp(t);
  for (const method of ['GET', 'POST', 'DELETE'] as const) {
    t.equal((await app.inject({ method, url: '/nothing.js' })).statusCode, 404, method);
  }
});
