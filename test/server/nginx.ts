import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/**
 * Runs nginx on loopback, with the location of `deploy/nginx.conf`.
 * @param target address of the recorder
 * @param decodes whether it decodes `%2F` in paths, as nginx does where `proxy_pass` has a path of its own
 * @returns address of the recorder below the prefix, without a trailing slash
 */
export async function startNginx(
  t: Test,
  target: string,
  { decodes = false } = {},
): Promise<string> {
  const folder = t.testdir({});
  await mkdir(join(folder, 'logs'), { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const { map, location } = await snippet();
  const below = decodes ? location.replace('$live777_recorder_uri', '/') : location;
  await writeFile(config, configOf({ map, location: below }, target, port, folder));
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

/** Of deploy/nginx.conf, the location of the recorder and the map that it uses. */
async function snippet(): Promise<{ map: string; location: string }> {
  const file = join(import.meta.dirname, '../../deploy/nginx.conf');
  const text = await readFile(file, 'utf8');
  const [location] = /^ {4}location \/rec\/ \{[\s\S]*?^ {4}\}/m.exec(text) ?? [];
  const [map] = /^map [\s\S]*?^\}/m.exec(text) ?? [];
  if (location === undefined || map === undefined) {
    throw new Error('deploy/nginx.conf has no location /rec/, or no map');
  }
  return { map, location };
}

function configOf(
  { map, location }: { map: string; location: string },
  target: string,
  port: number,
  folder: string,
): string {
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
${map}
server {
listen 127.0.0.1:${port};
${location
  .replace('http://live777_recorder', target)
  // A header in which only a trusted proxy is believed, unlike Host.
  .replace('proxy_set_header Host ', 'proxy_set_header X-Forwarded-Host ')}
}
}`;
}
