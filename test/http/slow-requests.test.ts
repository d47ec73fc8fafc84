import { type AddressInfo, connect } from 'node:net';
import t from 'tap';
import { listenRaw } from './raw-request.ts';
import { testApp } from './test-app.ts';

const TOML = '[http]\nrequest_timeout_seconds = 1';

/** Sends the beginning of a request and then a byte now and then; resolves with all that came back. */
async function dripping(port: number, beginning: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  // A write may fail before the end is known; once() would not wait for that end.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  let reply = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    reply += text;
  });
  socket.write(beginning);
  const drip = setInterval(() => socket.write('x'), 100);
  await closed;
  clearInterval(drip);
  return reply;
}

t.test('requests that do not come to their end are ended', async (t) => {
  const { app, recorder } = await testApp(t, TOML);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const head = 'Host: 127.0.0.1\r\nContent-Length: 100000\r\nContent-Type: ';
  const replies = await Promise.all([
    dripping(port, `POST /whip/cam1 HTTP/1.1\r\n${head}application/sdp\r\n\r\nv=0`),
    dripping(port, `POST /api/record/cam1 HTTP/1.1\r\n${head}application/json\r\n\r\n{`),
    dripping(port, 'GET /api/streams/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '),
    dripping(port, 'GET /api/str'),
  ]);
  for (const reply of replies) t.match(reply, /^HTTP\/1\.1 408 /);
  t.strictSame(recorder.calls, []);
});

t.test('replies may take as long as they are asked to', async (t) => {
  const { app } = await testApp(t, TOML);
  const send = await listenRaw(app);
  const reply = await send('GET', '/api/record/segments?wait=3');
  t.equal(reply.status, 200);
});
