import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readOptions, UsageError, withOptions } from '../src/command-line.ts';
import { parseConfig } from '../src/config/load-config.ts';

const BUNDLED = join(import.meta.dirname, '../config/live777.toml');

const read = (args: string[], environment: NodeJS.ProcessEnv = {}) =>
  readOptions(args, environment);

function refusal(args: string[], environment: NodeJS.ProcessEnv = {}): string {
  try {
    read(args, environment);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
}

t.test('which configuration is read', async (t) => {
  const before = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'recorder-cli-'));
  process.chdir(folder);
  t.teardown(async () => {
    process.chdir(before);
    await rm(folder, { recursive: true });
  });
  t.equal(read([]).configFile, BUNDLED);
  await writeFile('live777.toml', '');
  t.equal(read([]).configFile, 'live777.toml');
  t.equal(read(['-c', 'a.toml']).configFile, 'a.toml');
  t.equal(read(['--config=b.toml']).configFile, 'b.toml');
});

t.test('flags before environment before file', async (t) => {
  const config = parseConfig(
    '[http]\nlisten = "0.0.0.0:1"\ncors = true\n[log]\nlevel = "warn"',
    'live777.toml',
  );
  const result = (args: string[], environment: NodeJS.ProcessEnv = {}) => {
    const { http, log } = withOptions(config, read(args, environment));
    return [http.host, http.port, log.level];
  };
  t.strictSame(result([]), ['0.0.0.0', 1, 'warn']);
  t.strictSame(result([], { PORT: '2', LOG_LEVEL: 'ERROR' }), ['0.0.0.0', 2, 'error']);
  t.strictSame(result([], { PORT: '', LOG_LEVEL: '' }), ['0.0.0.0', 1, 'warn']);
  t.strictSame(result([], { PORT: '0', LOG_LEVEL: 'off' }), ['0.0.0.0', 0, 'silent']);
  t.strictSame(result(['--listen', '[::1]:3', '-v'], { PORT: '2', LOG_LEVEL: 'error' }), [
    '::1',
    3,
    'debug',
  ]);
  t.ok(withOptions(config, read(['--listen', '[::1]:3'])).http.cors, 'all else stays');
});

t.test('what cannot be understood', async (t) => {
  t.equal(refusal(['--lisen', 'x']), "Unknown option '--lisen'; see --help");
  t.equal(refusal(['record']), "Unexpected argument 'record'; see --help");
  t.match(refusal(['--listen']), /^Option '--listen <value>' argument missing; see --help$/);
  t.equal(refusal(['--listen', '7778']), '--listen 7778: expected HOST:PORT, as in 127.0.0.1:7778');
  t.equal(refusal([], { PORT: '70000' }), 'PORT=70000: expected a port from 0 to 65535');
  t.equal(refusal([], { PORT: '80.5' }), 'PORT=80.5: expected a port from 0 to 65535');
  t.equal(
    refusal([], { LOG_LEVEL: 'loud' }),
    'LOG_LEVEL=loud: expected one of off, error, warn, info, debug, trace',
  );
});
