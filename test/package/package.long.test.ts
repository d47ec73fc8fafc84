import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { requireTool } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';
import { INSTALL_PACKAGE, INSTALLED, OLDEST_NODE, PROGRAMS } from './installed-package.ts';

const PACKAGE = join(INSTALLED, 'node_modules/live777-recorder');
const NODES = {
  'the current Node': process.execPath,
  [`Node ${OLDEST_NODE}`]: PROGRAMS.oldestNode,
};

const isThere = requireTool(t, PROGRAMS.oldestNode, INSTALL_PACKAGE.join(' '));

/** Publishes for three seconds, and leaves. */
async function publish(t: Test, url: string): Promise<void> {
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
  t.teardown(() => publisher.vanish());
  publisher.start();
  await until('three seconds are sent', () => publisher.sent.videoFrames >= 90);
  await publisher.stop();
}

for (const [name, node] of Object.entries(isThere ? NODES : {})) {
  t.test(`${name} starts what npm installed, records and stops`, async (t) => {
    const help = spawnSync(node, [PROGRAMS.recorder, '--help'], { encoding: 'utf8' });
    t.match(help, { status: 0, stdout: /^Usage: live777-recorder / });
    const recorder = await startRecorder(t, { program: [node, PROGRAMS.recorder] });
    t.match(await (await fetch(`${recorder.url}/`)).text(), '<title>', 'the console');
    t.equal((await fetch(`${recorder.url}/documentation/json`)).status, 200);
    await publish(t, recorder.url);
    t.equal(await recorder.stop(), 0);
    const { mpd, names } = await readDayFolder(recorder.root, 'cam1');
    t.equal(mpd.type, 'static');
    t.ok(names.includes('seg_0001.m4s'), 'a segment');
    const verify = spawnSync(node, [PROGRAMS.recorder, 'verify', recorder.root], {
      encoding: 'utf8',
    });
    t.match(verify, { status: 0, stdout: /: no damage\n$/ });
  });
}

t.test('an older Node is told what is missing, in one line', async (t) => {
  if (!isThere) return;
  const claim = 'Object.defineProperty(process.versions, "node", { value: "22.17.1" })';
  const preload = `data:text/javascript,${encodeURIComponent(claim)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', preload, PROGRAMS.recorder, '--help'],
    { encoding: 'utf8' },
  );
  t.equal(status, 1);
  t.equal(stdout, '');
  t.match(stderr, /^live777-recorder needs Node 22\.18 or later, and this is .*\n$/);
  const { engines } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  t.equal(engines.node, '>=22.18');
  t.match(OLDEST_NODE, /^22\.18\./);
});

t.test('the package holds what runs, and nothing else', async (t) => {
  if (!isThere) return;
  const top = new Set(globSync('*', { cwd: PACKAGE }));
  for (const name of ['src', 'test', 'fuzz', 'bench', 'scripts']) t.notOk(top.has(name), name);
  for (const file of ['README.md', 'LICENSE', 'web/dist/index.html', 'dist/src/index.d.ts']) {
    t.ok(existsSync(join(PACKAGE, file)), file);
  }
});

t.test('it is a plugin of another Fastify application', async (t) => {
  if (!isThere) return;
  const root = t.testdir({});
  const program = join(INSTALLED, 'host.mjs');
  await writeFile(
    program,
    `import Fastify from 'fastify';
import recorder, { parseConfig } from 'live777-recorder';
const app = Fastify();
app.get('/own', async () => 'the host’s own');
app.addHook('onRequest', async (request, reply) => {
  if (request.url.includes('forbidden')) return reply.code(403).send('no');
});
const config = parseConfig(\`
[webrtc]
ice_udp_addrs = ["127.0.0.1"]
[recorder]
auto_streams = ["*"]
segment_seconds = 2
[recorder.storage]
type = "fs"
root = \${JSON.stringify(process.argv[2])}
\`);
await app.register(recorder, { ...config, prefix: '/rec' });
console.log(await app.listen({ port: 0 }));
process.on('SIGTERM', () => app.close());
`,
  );
  t.teardown(() => rm(program));
  const child = spawn(PROGRAMS.oldestNode, [program, root], {
    cwd: INSTALLED,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  const url = await until('the host listens', () => /http:\S+/.exec(printed)?.[0]);
  t.equal(await (await fetch(`${url}/own`)).text(), 'the host’s own');
  const redirected = await fetch(`${url}/rec`);
  t.equal(redirected.url, `${url}/rec/`);
  t.match(await redirected.text(), '<title>', 'the console');
  t.equal((await fetch(`${url}/rec/api/forbidden`)).status, 403, 'its hooks come first');
  t.equal((await fetch(`${url}/rec/api/nonsense`)).status, 404);
  await publish(t, `${url}/rec`);
  const start = await fetch(`${url}/rec/api/record/cam2`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"base_dir": 1}',
  });
  t.equal(start.status, 400, 'bodies arrive');
  child.kill('SIGTERM');
  t.equal(await exited, 0);
  const { mpd } = await readDayFolder(root, 'cam1');
  t.equal(mpd.type, 'static', 'recordings are closed with the host');
});
