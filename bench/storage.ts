import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Spool } from '../src/storage/spool/spool.ts';
import { openFsStore } from '../src/storage/stores/fs-store.ts';
import { openOssStore } from '../src/storage/stores/oss-store.ts';
import { PutOnce } from '../src/storage/stores/put-once.ts';
import { openS3Store, type S3StoreOptions } from '../src/storage/stores/s3-store.ts';
import type { Store } from '../src/storage/stores/store.ts';
import { freePort } from '../test/server/free-port.ts';
import { findVersitygw, ROOT_KEYS } from '../test/storage/servers/versitygw.ts';

const SEGMENT = 3 * 2 ** 20;
const ROUNDS = 3;
const PUTS_A_ROUND = 30;

/** Fifty streams of 2.5 Mbit/s in segments of 10 s: 3 MB of picture and 0.16 MB of sound each. */
const STREAMS = 50;
const SEGMENT_SECONDS = 10;
const SOUND = 160_000;

/**
 * Prints the CPU that one upload of 3 MiB takes in this process, user and system together; and what
 * fifty streams cost that are brought to S3 by the spool, from finding a file to deleting it. Servers
 * run in processes of their own, so that their work is not counted.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-storage-'));
  try {
    await report('fs', await openFsStore({ type: 'fs', root: path.join(folder, 'fs') }));
    await benchS3(folder);
    await benchOss();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchS3(folder: string): Promise<void> {
  const program = findVersitygw();
  if (program === undefined) {
    console.log('s3: skipped, neither versitygw nor Go is here');
    return;
  }
  const root = path.join(folder, 's3');
  mkdirSync(path.join(root, 'recordings'), { recursive: true });
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    ROOT_ACCESS_KEY_ID: ROOT_KEYS.accessKeyId,
    ROOT_SECRET_ACCESS_KEY: ROOT_KEYS.secretAccessKey,
  };
  const args = ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', root];
  const server = spawn(program, args, { env, stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    while (!(await answers(endpoint))) await after(20);
    for (const checksum of ['md5', 'crc32'] as const) {
      await report(`s3, ${checksum}`, openS3(endpoint, { checksum }));
    }
    await fiftyStreams(path.join(folder, 'spool'), openS3(endpoint, {}));
  } finally {
    server.kill('SIGKILL');
  }
}

/** Uploads what fifty streams record in three segments' time. */
async function fiftyStreams(root: string, store: Store): Promise<void> {
  const picture = randomBytes(SEGMENT);
  for (let stream = 0; stream < STREAMS; stream++) {
    const folder = path.join(root, `cam${stream}/2026/03/04`);
    mkdirSync(folder, { recursive: true });
    for (let i = 1; i <= ROUNDS; i++) {
      writeFileSync(path.join(folder, `seg_000${i}.m4s`), picture);
      writeFileSync(path.join(folder, `audio_seg_000${i}.m4s`), picture.subarray(0, SOUND));
    }
    writeFileSync(path.join(folder, 'manifest.mpd'), '<MPD/>');
  }
  const once = new PutOnce(store);
  once.isEnforced = true;
  const before = process.cpuUsage();
  const log = { info() {}, warn() {}, error() {} };
  const spool = await Spool.open({ root, store: once, log });
  await spool.drained();
  await spool.close();
  const { user, system } = process.cpuUsage(before);
  await store.close();
  const share = (user + system) / 1e6 / (ROUNDS * SEGMENT_SECONDS);
  console.log(
    `${STREAMS} streams of 2.5 Mbit/s to S3: ${(share * 100).toFixed(1)} % of a core, reading and deleting the files included`,
  );
}

function openS3(endpoint: string, options: S3StoreOptions): Store {
  return openS3Store(
    {
      type: 's3',
      bucket: 'recordings',
      root: '',
      region: 'us-east-1',
      endpoint,
      ...ROOT_KEYS,
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
