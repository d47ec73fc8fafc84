import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { until } from './until.ts';

/**
 * Runs nginx on loopback, with what the README has for a reverse proxy.
 * @param target address of the recorder
 * @returns address of the recorder below the prefix, without a trailing slash
 */
export async function startNginx(t: Test, target: string): Promise<string> {
  const folder = t.testdir({});
  await mkdir(join(folder, 'logs'), { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configOf(await snippet(), target, port, folder));
  const child = spawn('nginx', ['-p', folder, '-c', config, '-e', join(folder, 'error.log')], {
    stdio: 'inherit',
  });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await until('nginx answers', async () => (await fetch(url).catch(() => undefined)) !== undefined);
  return `${url}/rec`;
}

/** The block of the README. */
async function snippet(): Promise<string> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, block] = /```nginx\n([\s\S]*?)```/.exec(readme) ?? [];
  if (block === undefined) throw new Error('the README has nothing for nginx');
  return block;
}

function configOf(block: string, target: string, port: number, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n');
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
${temporary}
access_log off;
server {
listen 127.0.0.1:${port};
${block.replace('http://127.0.0.1:7778', target)}
}
}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
