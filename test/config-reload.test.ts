import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { loadConfig } from '../src/config/load-config.ts';
import { Service } from '../src/service.ts';
import { testApp } from './http/test-app.ts';

const SECRET = 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz';

t.test('the file is read again: all that it can change, or nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'recorder-reload-'));
  const file = join(folder, 'live777.toml');
  const write = (toml: string, storage = '') =>
    writeFile(
      file,
      `${toml}\n[http]\nlisten = "127.0.0.1:0"\n[recorder.storage]\nroot = "${folder}/r"\n${storage}`,
    );
  await write('[recorder]\nworkers = 1\n[auth]\ntokens = ["first-token"]');
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const service = await Service.start(await loadConfig(file), log, {
    load: () => loadConfig(file),
  });
  t.teardown(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${service.port}`;
  const get = (path: string, token: string, method = 'GET') =>
    fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const reload = (token: string) => get('/api/config/reload', token, 'POST');
  const follower = await get('/api/events', 'first-token');

  await write(
    `[recorder]
    workers = 2
    auto_streams = ["cam*"]
    disk_warnings = ["1%"]
    [log]
    level = "warn"
    [auth]
    tokens = ["second-token"]
    [[recorder.webhooks]]
    url = "http://127.0.0.1:9/hook"
    secret = "${SECRET}"
    [[recorder.sources]]
    url = "http://127.0.0.1:9"`,
  );
  t.equal((await reload('wrong-token')).status, 401);
  const reply = await reload('first-token');
  t.equal(reply.status, 200);
  t.strictSame(await reply.json(), {
    applied: [
      'auth.tokens',
      'log.level',
      'recorder.auto_streams',
      'recorder.disk_warnings',
      'recorder.sources',
      'recorder.webhooks',
    ],
    need_restart: ['recorder.workers'],
  });
  t.equal(await follower.text().then((text) => text.includes(': still here')), true, 'it ended');
  t.equal((await get('/api/sources', 'first-token')).status, 401);
  const sources = await get('/api/sources', 'second-token');
  t.match(await sources.json(), { sources: [{ url: 'http://127.0.0.1:9' }] });
  t.match(await (await get('/metrics', 'second-token')).text(), /webhook="http:\/\/127\.0\.0\.1:9/);
  t.equal(log.level, 'warn');
  t.notMatch(JSON.stringify(lines), /whsec_|second-token/);

  await write('[recorder]\nauto_stream = ["*"]\n[auth]\ntokens = []');
  const refused = await reload('second-token');
  t.equal(refused.status, 422);
  const { message } = (await refused.json()) as { message: string };
  t.equal(message, `${file}:2: recorder.auto_stream: unknown key, did you mean "auto_streams"?`);
  t.match(lines.at(-1), { msg: /invalid; nothing changed/, problems: [message] });
  t.equal((await get('/api/sources', 'first-token')).status, 401);
  t.equal((await get('/api/sources', 'second-token')).status, 200);

  await write('[auth]\ntokens = []');
  await service.reloadConfig();
  t.equal((await fetch(`${url}/api/sources`)).status, 200, 'open again');
  t.match(await (await fetch(`${url}/api/sources`)).json(), { sources: [] });
});

t.test('a recorder within another program has no file of its own', async (t) => {
  const { app } = await testApp(t);
  const reply = await app.inject({ method: 'POST', url: '/api/config/reload' });
  t.equal(reply.statusCode, 409);
  t.match(reply.json(), {
    message: 'the recorder was started without a file that it could read again',
  });
});
