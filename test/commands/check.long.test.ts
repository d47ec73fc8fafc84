import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort } from '../server/free-port.ts';
import { freeUdpPorts } from '../server/free-udp-ports.ts';
import { runInProcess } from './run-main.ts';

const NTP_EPOCH_S = 2_208_988_800;

/** A time server whose clock is off. @returns its address */
async function startTimeServer(t: Test, offsetMs: number): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    const reply = Buffer.from(request);
    reply[0] = 0x24;
    const ms = Date.now() + offsetMs;
    for (const at of [32, 40]) {
      reply.writeUInt32BE(Math.floor(ms / 1000) + NTP_EPOCH_S, at);
      reply.writeUInt32BE(Math.floor(((ms % 1000) / 1000) * 2 ** 32), at + 4);
    }
    socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

interface Report {
  ok: boolean;
  checks: { name: string; state: string; message: string; figures?: Record<string, number> }[];
}

/** Checks a configuration. @param toml `{root}` becomes a folder of the test */
async function check(t: Test, toml: string, ...args: string[]) {
  const folder = t.testdir({});
  const file = join(folder, 'live777.toml');
  await writeFile(file, toml.replaceAll('{root}', join(folder, 'records')));
  const result = await runInProcess(['check', '--config', file, '--json', ...args]);
  const report = JSON.parse(result.stdout) as Report;
  const of = (name: string) => report.checks.find((each) => each.name === name);
  return { ...result, folder, report, of };
}

const STORAGE = '[recorder.storage]\ntype = "fs"\nroot = "{root}"\n';

t.test('a machine that can record', async (t) => {
  // In the middle between an exact clock and one that is worth a warning: both ways of a packet may be slow.
  const server = await startTimeServer(t, 500);
  const toml = `[http]\nlisten = "127.0.0.1:${await freePort()}"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\nice_port_range = [23450, 23459]\n${STORAGE}`;
  const { code, stderr, report, of, folder } = await check(t, toml, '--time-server', server);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.equal(report.ok, true);
  t.strictSame(
    report.checks.map(({ name }) => name),
    ['configuration', 'disk', 'HTTP port', 'UDP ports', 'clock', 'capacity'],
  );
  t.match(of('clock'), { state: 'ok', message: /^\d{3} ms behind 127\.0\.0\.1:/ });
  t.match(of('UDP ports'), { state: 'ok', figures: { tried: 10 } });
  t.ok(of('disk')!.figures!.bytes_per_second! > 0);
  t.ok(of('capacity')!.figures!.streams! > 0);
  t.strictSame(await readdir(join(folder, 'records')), [], 'nothing is left behind');
});

t.test('for people it is a line for each check', async (t) => {
  const folder = t.testdir({});
  const file = join(folder, 'live777.toml');
  await writeFile(file, STORAGE.replace('{root}', join(folder, 'records')));
  const server = await startTimeServer(t, -5000);
  const args = ['check', '-c', file, '--time-server', server];
  const { stdout } = await runInProcess(args);
  t.match(stdout, /^ok {7}configuration: .*live777\.toml$/m);
  t.match(stdout, /^WARNING {2}clock: \d+ ms ahead of .*: recordings will have wrong times/m);
  t.match(stdout, /^ok {7}capacity: about \d+ streams of 2\.5 Mbit\/s/m);
});

t.test('an address that another program listens on', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const taken = createSocket('udp4').bind(port);
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const toml = `[http]\nlisten = "127.0.0.1:${port}"\n[webrtc]\nice_port_range = [${port}, ${port}]\n${STORAGE}`;
  const { code, report, of } = await check(t, toml, '--time-server', '127.0.0.1:9');
  t.equal(code, 1);
  t.equal(report.ok, false);
  t.match(of('HTTP port'), { state: 'problem', message: /is in use by another program/ });
  t.match(of('UDP ports'), { state: 'problem', message: /^0 of the 1 ports/ });
  t.match(of('clock'), { state: 'unknown' });
});

t.test('the ports of the workers', async (t) => {
  const port = await freeUdpPorts(2);
  const toml = `[http]\nlisten = "127.0.0.1:${await freePort()}"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\nice_udp_port = ${port}\n[recorder]\nworkers = 2\n${STORAGE}`;
  const free = await check(t, toml, '--time-server', '127.0.0.1:9');
  t.match(free.of('UDP ports'), {
    state: /ok|warning/,
    message: new RegExp(`^ports ${port} to ${port + 1}, one for each worker: free`),
  });
  const taken = createSocket('udp4').bind(port + 1, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { code, of } = await check(t, toml, '--time-server', '127.0.0.1:9');
  t.equal(code, 1);
  t.match(of('UDP ports'), {
    state: 'problem',
    message: `UDP port ${port + 1} of 127.0.0.1 is in use by another program`,
  });
});

t.test('a configuration that is wrong, or open to guesses', async (t) => {
  const wrong = await check(t, '[recorder]\nauto_stream = ["*"]\n');
  t.equal(wrong.code, 1);
  t.match(wrong.report.checks, [{ state: 'problem', message: /:2: recorder\.auto_stream/ }]);
  t.equal(wrong.report.checks.length, 1, 'nothing else is known then');
  const open = await check(
    t,
    `[http]\nlisten = "0.0.0.0:0"\n[auth]\ntokens = ["short"]\n${STORAGE}`,
  );
  t.match(open.of('configuration'), { state: 'problem', message: /auth\.tokens\[0\]/ });
  t.notMatch(open.stdout, 'short"');
});

t.test('a folder and a bucket that cannot be used', async (t) => {
  const file = import.meta.filename;
  const disk = await check(t, `[recorder.storage]\ntype = "fs"\nroot = "${file}/x"\n`);
  t.equal(disk.code, 1);
  t.match(disk.of('disk'), { state: 'problem', message: /a part of the path is/ });
  const bucket = await check(
    t,
    `[recorder.storage]\ntype = "s3"\nbucket = "b"\nregion = "us-east-1"\nendpoint = "http://127.0.0.1:${await freePort()}"\naccess_key_id = "a"\nsecret_access_key = "never-shown"\nspool_dir = "{root}"\n`,
  );
  t.equal(bucket.code, 1);
  t.match(bucket.of('bucket'), { state: 'problem', message: /ECONNREFUSED/ });
  t.notMatch(bucket.stdout, 'never-shown');
});

t.test('arguments that it does not know', async (t) => {
  t.match(await runInProcess(['check', 'x']), { code: 2, stderr: /^check takes no argument "x"/ });
  t.match(await runInProcess(['chek']), { code: 2, stderr: /did you mean "check"\?/ });
  t.match(await runInProcess(['nonsense']), { code: 2, stderr: /see --help/ });
});

t.test('every command has help, with its exit codes, and --json', async (t) => {
  for (const command of ['check', 'prune', 'reindex', 'repair', 'verify']) {
    const { code, stdout } = await runInProcess([command, '--help']);
    t.equal(code, 0);
    t.match(stdout, new RegExp(`^Usage: live777-recorder ${command} `));
    t.match(stdout, /^ {2}--json /m);
    t.match(stdout, /^Exit code: 0 .*1 .*2 |^Exit code: 0 on success, 2 on failure/m);
  }
});
