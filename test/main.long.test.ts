import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { freePort } from './server/free-port.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
/** Compiled modules of all test processes. */
const COMPILE_CACHE = join(import.meta.dirname, '../node_modules/.cache/compile');

/** A running program, in a fresh folder of its own. */
class Program {
  readonly process: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  readonly #exit: Promise<unknown[]>;

  constructor(args: string[], cwd: string, environment: NodeJS.ProcessEnv, preload: string) {
    const { PATH, HOME } = process.env;
    const nodeFlags =
      preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
    this.process = spawn(process.execPath, [...nodeFlags, MAIN, ...args], {
      cwd,
      env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment },
    });
    this.process.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    this.process.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.#exit = once(this.process, 'close');
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async ended(): Promise<number | string> {
    const [code, signal] = await this.#exit;
    return (code ?? signal) as number | string;
  }

  /** Resolves with the first match in what it has printed, or fails when it ends without. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const next = once(this.process.stdout, 'data');
      const ended = await Promise.race([next.then(() => false), this.#exit.then(() => true)]);
      if (ended && !pattern.test(this.stdout)) {
        throw new Error(`ended without ${pattern}: ${this.stdout}${this.stderr}`);
      }
    }
  }

  /** Address of the console. */
  async address(): Promise<string> {
    return (await this.prints(/console +(http:\S+)\/\n/))[1]!;
  }

  get log(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }
}

/** @param preload JavaScript that runs before the program, in the same process */
async function run(
  t: Test,
  args: string[],
  toml?: string,
  environment: NodeJS.ProcessEnv = {},
  preload = '',
): Promise<Program & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'recorder-main-'));
  if (toml !== undefined) await writeFile(join(folder, 'live777.toml'), toml);
  const program = new Program(args, folder, environment, preload);
  t.teardown(async () => {
    program.process.kill('SIGKILL');
    await program.ended();
    await rm(folder, { recursive: true });
  });
  return Object.assign(program, { folder });
}

t.test('a newcomer is told where to go, and it is there', async (t) => {
  const program = await run(t, ['--listen', '127.0.0.1:0']);
  const address = await program.address();
  t.match(
    program.stdout,
    new RegExp(
      [
        '^live777-recorder \\d+\\.\\d+\\.\\d+',
        `  console        ${address}/`,
        `  API            ${address}/documentation`,
        `  publish \\(WHIP\\) ${address}/whip/STREAM`,
        `  recordings     .*/records`,
        '  configuration  .*/config/live777\\.toml',
      ].join('\n'),
    ),
    'before any line of the log',
  );
  t.match(await (await fetch(`${address}/`)).text(), '<title>');
  t.equal((await fetch(`${address}/documentation`)).status, 200);
  t.strictSame(await (await fetch(`${address}/api/recorder/streams`)).json(), []);
  const offer = { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: 'no SDP' };
  const whip = await fetch(`${address}/whip/cam1`, offer);
  t.ok(whip.status === 400 || whip.status === 422, `refused, not broken: ${whip.status}`);
  await access(join(program.folder, 'records'));
  program.process.kill('SIGTERM');
  t.equal(await program.ended(), 0);
  t.match(program.log.at(-1), { msg: 'stopped' });
  t.equal(program.stderr, '');
});

t.test('SIGINT stops too, while somebody waits for segments', async (t) => {
  const program = await run(t, ['--listen', '127.0.0.1:0']);
  const address = await program.address();
  const poll = request(`${address}/api/record/segments?wait=60`);
  poll.end();
  await once(poll, 'finish');
  // The poll was sent before: once this is answered, it is under way.
  await fetch(`${address}/api/info`);
  program.process.kill('SIGINT');
  const [reply] = (await once(poll, 'response')) as [IncomingMessage];
  t.match(await json(reply), { segments: [], has_more: false });
  t.equal(await program.ended(), 0);
});

t.test('what is wrong in the configuration is all that is said', async (t) => {
  const program = await run(t, [], '[http]\nlisten = 1\n[recorder]\nauto_stream = ["*"]\n');
  t.equal(await program.ended(), 1);
  t.equal(
    program.stderr,
    'live777.toml:2: http.listen: expected an address and a port, "HOST:PORT", got the number 1; write listen = "127.0.0.1:7778"\n' +
      'live777.toml:4: recorder.auto_stream: unknown key, did you mean "auto_streams"?\n',
  );
  t.equal(program.stdout, '');
});

t.test('tokens that can be guessed are refused where others can try them', async (t) => {
  const toml =
    '[auth]\ntokens = ["0123456789abcdef", "short-secret"]\nsecret = "31 bytes, which is one too few!"\n';
  const refused = await run(t, ['--listen', '0.0.0.0:0'], toml);
  t.equal(await refused.ended(), 1);
  t.match(
    refused.stderr,
    /^live777\.toml: auth\.tokens\[1\]: .*\nlive777\.toml: auth\.secret: .*\n$/,
  );
  t.notMatch(refused.stderr + refused.stdout, /short-secret|one too few/);
  const warned = await run(t, ['--listen', '127.0.0.1:0'], toml);
  await warned.address();
  // The last of them: what is printed comes line by line.
  t.match(await warned.prints(/nothing is recorded automatically/), Object);
  t.match(
    warned.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg),
    [/^auth\.tokens\[1\]/, /^auth\.secret/, /^nothing is recorded automatically/],
  );
});

t.test('where nothing will be recorded, the start says so and what to write', async (t) => {
  const said = /nothing is recorded automatically.*auto_streams = \[/;
  const silent = await run(t, ['--listen', '127.0.0.1:0'], '');
  await silent.prints(said);
  for (const toml of [
    '[recorder]\nauto_streams = ["cam*"]',
    '[[recorder.sources]]\nwhep = "http://127.0.0.1:1/whep"\nstream = "a"',
  ]) {
    const program = await run(t, ['--listen', '127.0.0.1:0'], toml);
    await program.address();
    program.process.kill('SIGTERM');
    await program.ended();
    t.notMatch(program.stdout, said, toml);
  }
});

t.test(
  'recordings of the folder that was the default before are not forgotten in silence',
  async (t) => {
    const program = await run(t, ['--listen', '127.0.0.1:0', '--config', 'own.toml'], '');
    // It reads its configuration first, and that is written after its folder.
    await program.ended();
    await mkdir(join(program.folder, 'recordings', '.index'), { recursive: true });
    await writeFile(join(program.folder, 'own.toml'), '');
    const again = new Program(
      ['--listen', '127.0.0.1:0', '--config', 'own.toml'],
      program.folder,
      {},
      '',
    );
    t.teardown(async () => {
      again.process.kill('SIGKILL');
      await again.ended();
    });
    await again.prints(/those in \.\/recordings are not listed.*root = /);
  },
);

t.test('a bucket that does not answer', async (t) => {
  const port = await freePort();
  const toml = `[recorder.storage]
    type = "s3"
    bucket = "b"
    region = "us-east-1"
    endpoint = "http://127.0.0.1:${port}"
    access_key_id = "AKID-must-not-show"
    secret_access_key = "secret-must-not-show"
    `;
  const refused = await run(t, [], toml);
  t.equal(await refused.ended(), 1);
  t.match(
    refused.stderr,
    /^live777-recorder cannot start: \[recorder\.storage\]: s3:\/\/b: put live777-recorder-check-\S+ failed \(ECONNREFUSED\); check endpoint and that the server runs\. Or record without it for now: --offline\n$/,
  );
  const offline = await run(t, ['--listen', '127.0.0.1:0', '--offline'], toml);
  const state = await fetch(new URL('/api/storage', await offline.address()));
  t.match(await state.json(), { type: 's3', name: 's3://b', state: 'ok', waiting_files: 0 });
  for (const program of [refused, offline]) {
    t.notMatch(program.stdout + program.stderr, 'must-not-show');
  }
});

t.test('an address that is in use', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const program = await run(t, ['--listen', `127.0.0.1:${port}`]);
  t.equal(await program.ended(), 1);
  t.equal(
    program.stderr,
    `live777-recorder cannot start: 127.0.0.1:${port} is in use by another program; choose with --listen HOST:PORT\n`,
  );
  t.notMatch(program.stdout, 'console', 'nothing is promised that is not there');
});

t.test('a folder that another recorder writes to', async (t) => {
  const first = await run(t, ['--listen', '127.0.0.1:0']);
  await first.address();
  const root = join(first.folder, 'records');
  const toml = `[recorder.storage]\ntype = "fs"\nroot = ${JSON.stringify(root)}\n`;
  const second = await run(t, ['--listen', '127.0.0.1:0'], toml);
  t.equal(await second.ended(), 1);
  t.match(second.stderr, /^live777-recorder cannot start: /);
});

t.test('flags that print and end', async (t) => {
  const version = await run(t, ['--version']);
  t.equal(await version.ended(), 0);
  const manifest = await readFile(join(import.meta.dirname, '../package.json'), 'utf8');
  t.equal(version.stdout, `${JSON.parse(manifest).version}\n`);
  const help = await run(t, ['-h']);
  t.equal(await help.ended(), 0);
  t.match(help.stdout, /^Usage: live777-recorder \[options\]\n/);
  const unknown = await run(t, ['--nonsense']);
  t.equal(await unknown.ended(), 1);
  t.equal(unknown.stderr, "Unknown option '--nonsense'; see --help\n");
});

t.test('the operator is told what is worth a second look', async (t) => {
  const program = await run(
    t,
    [],
    '[http]\nlisten = "localhost:0"\n[stream]\n[hooks]\n[recorder]\nindex_path = "i.json"\n',
  );
  await program.prints(/is the index of Live777/);
  t.match(program.log, [
    { msg: 'listening' },
    {
      msg: 'ignored the tables of the configuration that only Live777 uses',
      ignored: ['stream', 'hooks'],
    },
    { level: 'warn', msg: /^recorder\.index_path "i\.json" is the index of Live777/ },
  ]);
});

t.test('an environment variable sets the port, and silence can be had', async (t) => {
  const program = await run(t, [], '', { PORT: '0', LOG_LEVEL: 'off' });
  await program.address();
  program.process.kill('SIGTERM');
  t.equal(await program.ended(), 0);
  t.strictSame(program.log, []);
});

/** Begins a request and never ends it; resolves once the program has it. */
async function beginRequest(address: string): Promise<ClientRequest> {
  const unfinished = request(`${address}/api/record/cam1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 100 },
  });
  unfinished.on('error', () => {});
  await new Promise((resolve) => unfinished.write('{', resolve));
  // Sent later, so that the program has read the other when it answers this.
  await fetch(`${address}/api/info`);
  return unfinished;
}

t.test('a client that never finishes does not keep it from stopping', async (t) => {
  const program = await run(t, ['--listen', '127.0.0.1:0']);
  const unfinished = await beginRequest(await program.address());
  program.process.kill('SIGTERM');
  t.equal(await program.ended(), 0);
  t.match(program.log.at(-1), { msg: 'stopped' });
  unfinished.destroy();
});

t.test('a second signal does not wait', async (t) => {
  const program = await run(t, ['--listen', '127.0.0.1:0']);
  const unfinished = await beginRequest(await program.address());
  program.process.kill('SIGTERM');
  await program.prints(/"stopping"/);
  program.process.kill('SIGTERM');
  t.equal(await program.ended(), 1);
  t.match(program.log.at(-1), { msg: 'stopping immediately' });
  unfinished.destroy();
});

t.test('an error that nobody expected is logged, and all is closed in order', async (t) => {
  const preload = 'process.once("SIGUSR2", () => Promise.reject(new Error("unexpected")))';
  const program = await run(t, ['--listen', '127.0.0.1:0'], undefined, {}, preload);
  await program.address();
  program.process.kill('SIGUSR2');
  t.equal(await program.ended(), 1);
  t.match(program.log, [
    { msg: 'listening' },
    { level: 'fatal', err: { message: 'unexpected', stack: String } },
    { msg: 'stopping', reason: 'internal error' },
    { msg: 'stopped' },
  ]);
});

t.test('SIGTERM before it has started ends it in order', async (t) => {
  for (const [when, event] of [
    ['at once', `import('node:process').then(() => process.emit('SIGTERM', 'SIGTERM'))`],
    ['while its modules load', `setImmediate(() => process.kill(process.pid, 'SIGTERM'))`],
    [
      'while it starts its workers',
      `process.once('worker', () => process.kill(process.pid, 'SIGTERM'))`,
    ],
  ] as const) {
    await t.test(when, async (t) => {
      const preload = `const on = process.on; process.on = function (name, ...more) { const done = on.call(this, name, ...more); if (name === 'SIGTERM') { process.on = on; ${event} } return done; };`;
      const program = await run(t, ['--listen', '127.0.0.1:0'], undefined, {}, preload);
      t.equal(await program.ended(), 0);
      t.equal(program.stderr, '');
      t.notMatch(program.stdout, 'console');
      t.match(program.log, [{ msg: 'stopped before it had started', reason: 'SIGTERM' }]);
    });
  }
});

t.test('SIGHUP never ends it, and reads the configuration again', async (t) => {
  // As early as the program can know of it: while it loads and starts.
  const early = 'setImmediate(() => process.emit("SIGHUP"))';
  const preload = `const on = process.on; process.on = function (name, ...more) { const done = on.call(this, name, ...more); if (name === 'SIGHUP') ${early}; return done; };`;
  const program = await run(t, ['--listen', '127.0.0.1:0', '-v'], '', {}, preload);
  const address = await program.address();
  await program.prints(/read the configuration again/);
  await writeFile(join(program.folder, 'live777.toml'), '[recorder]\nauto_streams = ["*"]\n');
  program.process.kill('SIGHUP');
  await program.prints(/"applied":\["recorder.auto_streams"\]/);
  await writeFile(join(program.folder, 'live777.toml'), '[recorder]\nauto_stream = ["*"]\n');
  program.process.kill('SIGHUP');
  await program.prints(/live777\.toml:2: recorder\.auto_stream: unknown key.*nothing changed/);
  t.equal((await fetch(`${address}/healthz`)).status, 200);
  program.process.kill('SIGTERM');
  t.equal(await program.ended(), 0);
  t.equal(program.stderr, '');
});
