import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { openFsStore } from '../src/storage/stores/fs-store.ts';
import { openOssStore } from '../src/storage/stores/oss-store.ts';
import { openS3Store, type S3StoreOptions } from '../src/storage/stores/s3-store.ts';
import type { Store } from '../src/storage/stores/store.ts';
import { findOrInstall, freePort, rootKeys } from '../test/storage/servers/versitygw.ts';

const SEGMENT = 3 * 2 ** 20;
const ROUNDS = 3;
const PUTS_A_ROUND = 30;

/**
 * Prints the CPU that one upload of 3 MiB takes in this process, user and system together.
 * Servers run in processes of their own, so that
 * their work is not counted.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-store-'));
  try {
    await report('fs', await openFsStore({ type: 'fs', root: path.join(folder, 'fs') }));
    await benchS3(folder);
    await benchOss();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchS3(folder: string): Promise<void> {
  const program = findOrInstall();
  if (program === undefined) {
    console.log('s3: skipped, neither versitygw nor Go is here');
    return;
  }
  const root = path.join(folder, 's3');
  mkdirSync(path.join(root, 'recordings'), { recursive: true });
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    ROOT_ACCESS_KEY_ID: rootKeys.accessKeyId,
    ROOT_SECRET_ACCESS_KEY: rootKeys.secretAccessKey,
  };
  const args = ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', root];
  const server = spawn(program, args, { env, stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    while (!(await answers(endpoint))) await after(20);
    for (const checksum of ['md5', 'crc32'] as const) {
      await report(`s3, ${checksum}`, openS3(endpoint, { checksum }));
    }
  } finally {
    server.kill('SIGKILL');
  }
}

function openS3(endpoint: string, options: S3StoreOptions): Store {
  return openS3Store(
    {
      type: 's3',
      bucket: 'recordings',
      root: '',
      region: 'us-east-1',
      endpoint,
      ...rootKeys,
      disableConfigLoad: true,
      enableVirtualHostStyle: false,
    },
    options,
  );
}

async function benchOss(): Promise<void> {
  // Takes uploads without looking at them: what is measured is the client.
  const taker = `
    const server = require('node:http').createServer((call, answer) => {
      call.resume().once('end', () => {
        answer.writeHead(200, { 'content-md5': call.headers['content-md5'] ?? '' }).end();
      });
    });
    server.listen(Number(process.argv[1]), '127.0.0.1');`;
  const port = await freePort();
  const server = spawn(process.execPath, ['-e', taker, String(port)], { stdio: 'ignore' });
  try {
    while (!(await answers(`http://127.0.0.1:${port}`))) await after(20);
    const store = openOssStore({
      type: 'oss',
      bucket: 'recordings',
      root: '',
      region: 'oss-cn-hangzhou',
      endpoint: `http://localhost:${port}`,
      accessKeyId: 'id',
      accessKeySecret: 'secret',
    });
    await report('oss', store);
  } finally {
    server.kill('SIGKILL');
  }
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

async function report(name: string, store: Store): Promise<void> {
  const data = randomBytes(SEGMENT);
  const put = (i: number) => store.put(`bench/${i}.m4s`, data, { contentType: 'video/mp4' });
  await put(0);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < PUTS_A_ROUND; i++) await put(i);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000 / PUTS_A_ROUND);
  }
  await store.close();
  console.log(`${name}: ${best.toFixed(1)} ms of CPU for a put of 3 MiB`);
}
