import t from 'tap';
import { Refusal } from '../../src/refusal.ts';
import { testApp } from '../http/test-app.ts';

const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';
const FRAGMENT = 'a=ice-ufrag:x\r\na=ice-pwd:y\r\n';

t.test('candidates, restarts and stale tags', async (t) => {
  const { app, recorder } = await testApp(t);
  const patch = (ifMatch?: string) =>
    app.inject({
      method: 'PATCH',
      url: '/session/cam%201/s%2F1',
      headers: {
        'content-type': FRAGMENT_TYPE,
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      payload: FRAGMENT,
    });

  const trickled = await patch('"e1"');
  t.equal(trickled.statusCode, 204);
  t.equal(trickled.body, '');
  t.equal((await patch()).statusCode, 204, 'a client that knows no tag');
  const weak = await patch('W/"e1"');
  t.equal(weak.statusCode, 412, 'a weak tag never matches (RFC 9110 §8.8.3.2)');
  t.match(weak.json().message, /^If-Match: /);

  for (const star of ['*', '"*"']) {
    const restarted = await patch(star);
    t.equal(restarted.statusCode, 200);
    t.match(restarted.headers, { 'content-type': FRAGMENT_TYPE, etag: '"e2"' });
    t.equal(restarted.body, 'a=ice-ufrag:new\r\n');
  }

  const stale = await patch('"stale"');
  t.equal(stale.statusCode, 412);
  t.match(stale.json(), { statusCode: 412, error: 'Precondition Failed' });

  t.strictSame(
    recorder.calls.map((call) => call.at(-1)),
    ['e1', undefined, '*', '*', 'stale'],
  );
  t.strictSame(recorder.calls[0], ['trickle', 'cam 1', 's/1', FRAGMENT, 'e1']);

  for (const bad of ['e1', '"e1', '"a", "b"', '']) {
    const reply = await patch(bad);
    t.equal(reply.statusCode, 400, JSON.stringify(bad));
    t.match(reply.json().message, /^If-Match: /);
  }
  t.equal(recorder.calls.length, 5);
});

t.test('fragments of another type, none at all, or too large', async (t) => {
  const { app, recorder } = await testApp(t);
  const patch = (type: string | undefined, payload: string) =>
    app.inject({
      method: 'PATCH',
      url: '/session/cam1/s1',
      headers: type === undefined ? {} : { 'content-type': type },
      payload,
    });
  for (const type of [undefined, 'application/sdp', 'application/json', 'text/plain']) {
    const reply = await patch(type, FRAGMENT);
    t.equal(reply.statusCode, 415, String(type));
    t.equal(reply.headers['accept-patch'], FRAGMENT_TYPE);
  }
  t.equal((await patch(FRAGMENT_TYPE, '')).statusCode, 400);
  t.equal((await patch(FRAGMENT_TYPE, 'a'.repeat(300_000))).statusCode, 413);
  t.strictSame(recorder.calls, []);
});

t.test('ending a session', async (t) => {
  const { app, recorder } = await testApp(t);
  await recorder.publish('cam1', 'v=0');
  const end = () => app.inject({ method: 'DELETE', url: '/session/cam1/s%201' });
  const ended = await end();
  t.equal(ended.statusCode, 200);
  t.equal(ended.body, '');
  const again = await end();
  t.equal(again.statusCode, 404);
  t.match(again.json(), { statusCode: 404, message: 'no such session' });
});

t.test('what the recorder refuses is told, what it breaks on is not', async (t) => {
  const { app, recorder, logged } = await testApp(t);
  const end = () => app.inject({ method: 'DELETE', url: '/session/cam1/x' });
  recorder.failure = new Refusal('stopping', 'the recorder is stopping');
  const refused = await end();
  t.equal(refused.statusCode, 503);
  t.equal(refused.json().message, 'the recorder is stopping');
  t.strictSame(logged, []);

  recorder.failure = new Error('password hunter2 is wrong');
  const failed = await end();
  t.equal(failed.statusCode, 500);
  t.notMatch(failed.body, /hunter2/);
  t.match(failed.json(), { statusCode: 500, error: 'Internal Server Error' });
  t.equal(logged.length, 1, 'logged once');
  t.match(logged[0], { level: 'error', err: { message: /hunter2/, stack: String }, reqId: String });
  t.match(failed.json().message, new RegExp(String(logged[0]?.reqId)));
});
