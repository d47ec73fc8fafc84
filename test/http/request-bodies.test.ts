import t from 'tap';
import { listenRaw } from './raw-request.ts';
import { testApp } from './test-app.ts';

const TYPES = [
  'application/sdp',
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain; charset=utf-8',
  'not a type',
];

t.test('the body of a DELETE is ignored, whatever it is called', async (t) => {
  const { app, recorder } = await testApp(t);
  const send = await listenRaw(app);
  for (const type of TYPES) {
    for (const body of ['', '{', 'x'.repeat(300_000)]) {
      await recorder.publish('cam1', 'v=0');
      const headers = { 'content-type': type, 'content-length': String(body.length) };
      const ended = await send('DELETE', '/session/cam1/s%201', headers, body);
      t.equal(ended.status, 200, `session: ${type}, ${body.length} bytes`);
      const stopped = await send('DELETE', '/api/record/cam1', headers, body);
      t.equal(stopped.status, 200, `recording: ${type}, ${body.length} bytes`);
    }
    const chunked = { 'content-type': type, 'transfer-encoding': 'chunked' };
    t.equal((await send('DELETE', '/api/record/cam1', chunked, 'x')).status, 200);
  }
});

t.test('but where it says what to delete', async (t) => {
  const { app } = await testApp(t);
  const remove = (headers: Record<string, string>, payload: string) =>
    app.inject({ method: 'DELETE', url: '/api/recordings', headers, payload });
  const json = { 'content-type': 'application/json' };
  t.equal((await remove(json, '{"records":[]}')).statusCode, 200);
  t.equal((await remove(json, '')).statusCode, 400);
  t.equal((await remove({ 'content-type': 'text/plain' }, '{"records":[]}')).statusCode, 415);
});

t.test('a body of no bytes is none where it may be left out', async (t) => {
  const { app } = await testApp(t);
  const send = await listenRaw(app);
  for (const type of TYPES) {
    const headers = { 'content-type': type, 'content-length': '0' };
    t.equal((await send('POST', '/api/record/cam1', headers)).status, 200, type);
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  t.equal((await send('POST', '/api/record/cam1', form, 'base_dir=x')).status, 415);
});
