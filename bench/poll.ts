import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SegmentIndex } from '../src/segment-index/segment-index.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const ROWS = 100_000;
const CONNECTIONS = 16;
const REQUESTS = 20_000;
const ROUNDS = 5;
const SEGMENT_US = 10_000_000;

/**
 * Prints what requests for the index cost the service, beside a route that only tells the time: processor time of
 * its whole process, which is the rate of a core. Answers alternate, because others share the machine.
 */
export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-poll-'));
  const root = join(folder, 'recordings');
  try {
    const since = await fill(join(root, '.index'));
    const config = join(folder, 'live777.toml');
    await writeFile(
      config,
      `[http]\nlisten = "127.0.0.1:0"\n[recorder.storage]\ntype = "fs"\nroot = ${JSON.stringify(root)}\n`,
    );
    const service = spawn(process.execPath, [MAIN, '-c', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const port = await Promise.race([portOf(service.stdout), portOf(service.stderr)]);
    const routes = {
      'the time': '/api/time',
      'ten segments': `/api/record/segments?limit=10&since_ts=${since}`,
      'nothing newer': `/api/record/segments?since_ts=${Number.MAX_SAFE_INTEGER}`,
      'a page of 1000': `/api/record/segments?limit=1000&since_ts=${since}`,
    };
    const costs = new Map<string, number[]>(Object.keys(routes).map((name) => [name, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, path] of Object.entries(routes)) {
        const requests = name === 'a page of 1000' ? REQUESTS / 20 : REQUESTS;
        const before = await processorMs(service.pid!);
        const client = fork(import.meta.filename, [String(port), path, String(requests)]);
        const [code] = await once(client, 'exit');
        if (code !== 0) throw new Error(`the client ended with ${code}`);
        // The first round warms up.
        if (round > 0)
          costs.get(name)!.push(((await processorMs(service.pid!)) - before) / requests);
      }
    }
    const median = (name: string) => costs.get(name)!.sort((a, b) => a - b)[ROUNDS >> 1]!;
    for (const name of costs.keys()) {
      const us = (median(name) * 1000).toFixed(1).padStart(7);
      const part = ((median('the time') / median(name)) * 100).toFixed(0);
      console.log(`  ${name.padEnd(16)} ${us} µs of processor time, ${part} % of the bare rate`);
    }
    service.kill();
    await once(service, 'exit');
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An index of an hour of segments. @returns the cursor of which the latest thousand are newer */
async function fill(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const journalPath = join(folder, 'segments.jsonl');
  const index = await SegmentIndex.open({ journalPath, nodeAlias: 'bench', log: { warn() {} } });
  const nowUs = Date.now() * 1000;
  let since = 0;
  for (let n = 0; n < ROWS; n += 1000) {
    const segments = Array.from({ length: 1000 }, (_, at) => {
      const stream = `camera-${String(((n + at) >> 1) % 50).padStart(3, '0')}`;
      const startUs = nowUs - Math.floor((ROWS - n - at) / 100) * SEGMENT_US;
      const isVideo = at % 2 === 0;
      const prefix = `${stream}/2025/07/24/${isVideo ? '' : 'audio_'}`;
      const keyframes = Array.from({ length: 5 }, (_, key) => startUs + key * 2_000_000);
      return index.add({
        ...{ stream, kind: isVideo ? 'video' : 'audio', startUs, endUs: startUs + SEGMENT_US },
        path: `${prefix}seg_${String(1 + Math.floor((n + at) / 100)).padStart(4, '0')}.m4s`,
        initPath: `${prefix}init.m4s`,
        ...{ isKeyframe: true, keyframes: isVideo ? keyframes : [] },
        ...{ codec: isVideo ? 'avc1.42e01f' : 'opus', size: 3_145_728 },
      });
    });
    since = index.lastCreatedAt;
    await Promise.all(segments);
  }
  await index.close();
  return since;
}

async function portOf(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(output)) {
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port !== undefined) {
      output.resume();
      return Number(port);
    }
  }
  throw new Error('the service does not tell its address');
}

/** Processor time that a process has taken so far, by Linux's account in hundredths of a second. */
async function processorMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Sends requests one after another over each of some connections. */
function request(port: number, path: string, requests: number): void {
  let left = requests;
  for (let n = 0; n < CONNECTIONS; n++) {
    const socket = connect(port, '127.0.0.1');
    let received = 0;
    let size: number | undefined;
    const send = () => {
      if (left-- > 0) socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      else socket.end();
    };
    socket.on('connect', send);
    socket.on('data', (data) => {
      received += data.length;
      if (size === undefined) {
        const head = data.toString('latin1');
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
        size = head.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(head)![1]);
      }
      if (received < size) return;
      received = 0;
      size = undefined;
      send();
    });
  }
}

if (process.argv[1] === import.meta.filename) {
  const [port, path, requests] = process.argv.slice(2);
  if (requests === undefined) await run();
  else request(Number(port), path!, Number(requests));
}
