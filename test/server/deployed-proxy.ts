import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { runTool } from '../media/tool.ts';
import { accepts } from './accepts.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

/** Runs nginx with `deploy/nginx.conf`, on another port and with a certificate of its own. */
export async function startDeployedNginx(t: Test, target: string): Promise<string> {
  const folder = t.testdir({});
  await mkdir(join(folder, 'logs'), { recursive: true });
  const port = await freePort();
  const certificate = join(folder, 'example.pem');
  const key = join(folder, 'example.key');
  await runTool('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=example.org', '-addext', 'subjectAltName=DNS:example.org'],
    ...['-keyout', key, '-out', certificate],
  ]);
  const site = replaced(await readFile(join(DEPLOY, 'nginx.conf'), 'utf8'), {
    '127.0.0.1:7778': new URL(target).host,
    '    listen [::]:443 ssl http2;\n': '',
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/nginx/tls/example.org.pem': certificate,
    '/etc/nginx/tls/example.org.key': key,
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n');
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `daemon off;\nmaster_process off;\npid ${folder}/nginx.pid;\nevents {}\nhttp {\n${temporary}\naccess_log off;\n${site}}\n`,
  );
  await run(t, port, 'nginx', ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]);
  return `https://example.org:${port}/rec`;
}

/** Runs Caddy with `deploy/Caddyfile`, on another port and with a certificate of its own. */
export async function startDeployedCaddy(t: Test, target: string): Promise<string> {
  const port = await freePort();
  const tls = `example.org:${port} {\n\ttls internal\n\tbind 127.0.0.1`;
  await runCaddy(t, port, { 'example.org {': tls, '127.0.0.1:7778': new URL(target).host });
  return `https://example.org:${port}/rec`;
}

/** Runs Caddy on loopback, with `deploy/Caddyfile` but for TLS. */
export async function startCaddy(t: Test, target: string): Promise<string> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  await runCaddy(t, port, { 'example.org': origin, '127.0.0.1:7778': new URL(target).host });
  return `${origin}/rec`;
}

async function runCaddy(t: Test, port: number, changes: Record<string, string>): Promise<void> {
  const folder = t.testdir({});
  const site = replaced(await readFile(join(DEPLOY, 'Caddyfile'), 'utf8'), changes);
  const config = join(folder, 'Caddyfile');
  const globals = '{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n';
  await writeFile(config, globals + site);
  await run(t, port, 'caddy', ['run', '--adapter', 'caddyfile', '--config', config], {
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  });
}

/** @throws Error for a text that the file does not have, so that nothing is tested but the file */
function replaced(text: string, changes: Record<string, string>): string {
  let result = text;
  for (const [from, to] of Object.entries(changes)) {
    if (!result.includes(from)) throw new Error(`the example has no ${from}`);
    result = result.replaceAll(from, to);
  }
  return result;
}

async function run(
  t: Test,
  port: number,
  program: string,
  args: string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
    if (!t.passing()) console.error(said);
  });
  await until(`${program} listens`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    return accepts(port);
  });
}
