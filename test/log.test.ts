import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { startRecorder } from './server/recorder-process.ts';
import { until } from './server/until.ts';

const SECRETS = {
  token: 'a-token-of-this-test',
  wrong: 'a-guess-of-this-test',
  secret: 'a secret of this test, "quoted" and long',
  credential: 'the-credential-of-turn',
  source: 'the-token-of-a-source',
  whep: 'the-key-of-a-whep-server',
};
const JWT = (() => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part({ id: '*', mode: 7, exp: 4_000_000_000 })}`;
  return `${signed}.${createHmac('sha256', SECRETS.secret).update(signed).digest('base64url')}`;
})();

/** A node that repeats in its errors what it was asked with, as some servers do. */
async function startNode(t: Test): Promise<string> {
  const server = createServer(({ url, headers }, response) => {
    response.statusCode = 403;
    response.end(`no ${url} for ${headers.authorization}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('each line is an event with the name of its level and a time, and no secret', async (t) => {
  const node = await startNode(t);
  const recorder = await startRecorder(t, {
    configToml: `
[log]
level = "trace"
[auth]
tokens = [${JSON.stringify(SECRETS.token)}]
secret = ${JSON.stringify(SECRETS.secret)}
[[ice_servers]]
urls = ["turn:127.0.0.1:3478"]
username = "u"
credential = ${JSON.stringify(SECRETS.credential)}
[recorder.storage]
type = "fs"
root = "{root}"
[[recorder.sources]]
url = ${JSON.stringify(node)}
token = ${JSON.stringify(SECRETS.source)}
[[recorder.sources]]
whep = ${JSON.stringify(`${node}/whep?key=${SECRETS.whep}`)}
stream = "cam1"
token = ${JSON.stringify(SECRETS.source)}
`,
  });
  for (const token of [SECRETS.token, SECRETS.wrong, JWT]) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/sdp' };
    for (const path of ['/api/sources', `/api/recorder/streams?token=${token}`, '/nothing']) {
      await (await fetch(recorder.url + path, { headers })).text();
    }
    await fetch(`${recorder.url}/whip/cam2?access_token=${token}`, {
      method: 'POST',
      headers,
      body: 'no SDP',
    });
  }
  // Where nobody expects one.
  for (const part of [SECRETS.token, SECRETS.secret]) {
    await fetch(`${recorder.url}/nothing/${encodeURIComponent(part)}`);
  }
  await until('the sources have failed', async () => /403/.test(recorder.log().join('\n')));
  await recorder.stop();

  const lines = recorder.log().filter((line) => line.startsWith('{'));
  t.ok(lines.length > 10, 'every request is there');
  for (const line of lines) {
    const { level, time, msg } = JSON.parse(line);
    t.match(level, /^(trace|debug|info|warn|error|fatal)$/);
    t.equal(new Date(time).toISOString(), time);
    t.match(msg, /\S/);
  }
  const all = recorder.log().join('\n');
  for (const [name, secret] of Object.entries({ ...SECRETS, JWT })) {
    t.notOk(all.includes(JSON.stringify(secret).slice(1, -1)), name);
    t.notOk(all.includes(encodeURIComponent(secret)), `${name}, encoded`);
  }
  t.notMatch(all, /"stack"/, 'nothing of all this is a fault');
});
