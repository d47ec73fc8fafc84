import { globSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Live777StandIn } from '../live777/live777-stand-in.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { getJson, recordStatus } from '../server/recorder-client.ts';
import { type RecorderProcess, startRecorder } from '../server/recorder-process.ts';
import {
  countObjects,
  PROBED,
  readThreadFigures,
  type ThreadFigures,
} from '../server/thread-figures.ts';
import { until } from '../server/until.ts';

const REPOSITORY = path.join(import.meta.dirname, '../..');
/** Streams of each form that connect and leave together. */
const TOGETHER = 5;
/** How long a busy machine may take, ms. */
const WAIT_MS = 90_000;
/** Main thread, worker and spare. */
const THREADS = 3;
/** What the main thread keeps of each recording, in the catalogue. */
const KEPT = ['Row'];

/** Names of our own classes. */
const OURS = new Set(
  globSync('src/**/*.ts', { cwd: REPOSITORY }).flatMap((file) => {
    const source = readFileSync(path.join(REPOSITORY, file), 'utf8');
    const classes = source.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm);
    return [...classes].map(([, name]) => name!);
  }),
);

/** Objects of Node and werift that a session or a recording of a worker has. */
const THEIRS = [
  ...['UDP', 'Socket', 'Timeout', 'Immediate', 'FileHandle', 'AbortController', 'AbortSignal'],
  ...['Cipheriv', 'Decipheriv', 'SecretKeyObject', 'PrivateKeyObject', 'PublicKeyObject'],
  ...['KeyObjectHandle', 'X509Certificate', 'ECDH', 'Hmac', 'PerformanceResourceTiming'],
  ...['DtlsServer', 'DtlsClient', 'DtlsContext', 'CipherContext', 'SrtpContext', 'Connection'],
];

/**
 * True for objects of which there must not be more. Others, of the language, are in lists of limited length that
 * fill with time; and the main thread has connections that its clients keep for later requests.
 */
const isCounted = (thread: number, name: string) =>
  OURS.has(name) ? !KEPT.includes(name) : thread > 0 && THEIRS.includes(name);

/** Lets all threads tell what they hold. */
async function figuresOf(recorder: RecorderProcess): Promise<ThreadFigures[]> {
  const told = () => recorder.log().flatMap((line) => readThreadFigures(line) ?? []);
  const before = told().length;
  process.kill(recorder.pid, 'SIGUSR2');
  await until('all threads have told', () => told().length >= before + THREADS, WAIT_MS);
  return told()
    .slice(before)
    .sort((a, b) => a.threadId - b.threadId);
}

/** Which of a process's descriptors are UDP sockets or files in a folder. */
function openFiles(pid: number, folder: string): string[] {
  const udp = new Set(
    readFileSync(`/proc/${pid}/net/udp`, 'utf8')
      .split('\n')
      .map((line) => `socket:[${line.trim().split(/ +/)[9]}]`),
  );
  const open: string[] = [];
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const file = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      const isRecording = file.startsWith(folder) && !file.startsWith(path.join(folder, '.index'));
      if (udp.has(file) || isRecording) open.push(file);
    } catch {
      // It was closed meanwhile.
    }
  }
  return open;
}

// Publishers that never connect are given up after 15 s, in each round.
t.setTimeout(600_000);

t.test(
  'nothing is left of publishers and pulls, however they come and go',
  { timeout: 600_000 },
  async (t) => {
    const node = await Live777StandIn.listen({ tokens: ['secret'] });
    t.teardown(() => node.kill());
    const snapshots = path.join(t.testdir({}), 'snapshots');
    const recorder = await startRecorder(t, {
      program: [process.execPath, ...PROBED, path.join(REPOSITORY, 'src/main.ts')],
      environment: { HEAP_SNAPSHOTS: snapshots },
      configToml: `[webrtc]
ice_udp_addrs = ["127.0.0.1"]
[recorder]
auto_streams = ["cam*"]
segment_seconds = 2
resume_grace_seconds = 1
workers = 1
[recorder.storage]
type = "fs"
root = "{root}"
[[recorder.sources]]
url = "${node.url}"
token = "secret"
`,
    });
    const { url, root, pid } = recorder;
    const whip = (stream: string) => `${url}/whip/${stream}`;
    const connect = (stream: string) => WhipPublisher.connect({ whipUrl: whip(stream) });

    /** What is sent is recorded for a moment. */
    async function published(stream: string): Promise<WhipPublisher> {
      const publisher = await connect(stream);
      publisher.start();
      await until(
        `${stream} is recorded`,
        async () => {
          return (await recordStatus(url, stream)).state === 'recording';
        },
        WAIT_MS,
      );
      return publisher;
    }
    const forms: Record<string, (number: number) => Promise<void>> = {
      'ends by DELETE, and comes again under its name': async (number) => {
        for (let time = 0; time < 2; time++) await (await published(`cam-ends-${number}`)).stop();
      },
      vanishes: async (number) => (await published(`cam-vanishes-${number}`)).vanish(),
      'is not recorded': async (number) => (await connect(`other-${number}`)).stop(),
      'never connects': async (number) => {
        const publisher = WhipPublisher.connect({
          whipUrl: whip(`cam-unreachable-${number}`),
          // Nobody answers there.
          relay: async () => 9,
        });
        await t.rejects(publisher, 'it does not connect');
      },
      'is refused': async (number) => {
        const body = number % 2 === 0 ? 'v=0' : 'no description';
        const headers = { 'content-type': 'application/sdp' };
        const reply = await fetch(whip(`cam-refused-${number}`), { method: 'POST', headers, body });
        t.equal(Math.floor(reply.status / 100), 4, `${reply.status}: ${await reply.text()}`);
      },
      'is pulled until its node has it no longer': async (number) => {
        const stream = `cam-pulled-${number}`;
        node.publish(stream);
        await until(
          `${stream} is recorded`,
          async () => {
            return (await recordStatus(url, stream)).state === 'recording';
          },
          WAIT_MS,
        );
        node.endStream(stream);
      },
    };

    async function round(): Promise<void> {
      for (const come of Object.values(forms)) {
        await Promise.all(Array.from({ length: TOGETHER }, (_, number) => come(number)));
      }
      await until(
        'all have left',
        async () => {
          const streams = await getJson<{ state: string }[]>(`${url}/api/recorder/streams`);
          return streams.every(({ state }) => state === 'idle');
        },
        WAIT_MS,
      );
    }

    /** Counts what all threads hold once every connection has ended. */
    async function held(): Promise<Map<string, number>[]> {
      await until(
        'no socket and no file is open',
        () => openFiles(pid, root).length === 0,
        WAIT_MS,
      );
      // werift holds a session for the half second for which it would send its last DTLS flight again.
      await until(
        'the worker has no connection, and no more timers than the spare',
        async () => {
          const [, worker, spare] = await figuresOf(recorder);
          const { TCPSocketWrap = 0, Timeout = 0 } = worker!.resources;
          return TCPSocketWrap === 0 && Timeout <= (spare!.resources.Timeout ?? 0);
        },
        WAIT_MS,
      );
      mkdirSync(snapshots);
      const threads = await figuresOf(recorder);
      const counted = await Promise.all(threads.map(({ snapshot }) => countObjects(snapshot!)));
      rmSync(snapshots, { recursive: true });
      return counted;
    }

    await until(
      'the spare worker waits',
      () => {
        return recorder.log().filter((line) => line.startsWith('probed thread')).length === THREADS;
      },
      WAIT_MS,
    );
    // What is loaded and compiled by the first is kept.
    await round();
    const before = await held();
    await round();
    await round();
    const after = await held();
    for (const [thread, counted] of after.entries()) {
      const grown = [...counted]
        .map(([name, count]): [string, number] => [name, count - (before[thread]!.get(name) ?? 0)])
        .filter(([name, more]) => more >= TOGETHER && isCounted(thread, name));
      t.same(grown, [], `thread ${thread} holds no more objects than two rounds before`);
    }
  },
);
