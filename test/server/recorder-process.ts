import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'smol-toml';
import type { Test } from 'tap';
import { clearOfMidnight } from './midnight.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const COLLECT_OFTEN = join(import.meta.dirname, 'collect-often.js');
const START_TIMEOUT_MS = 60_000;
/** Issue of a stop signal to the end of the process; the recorder promises 10 s. */
const STOP_TIMEOUT_MS = 15_000;

/** How to start the service. */
export interface RecorderProcessOptions {
  /** `recorder.segment_seconds`; 2 by default, so that a short test sees several segments. */
  segmentSeconds?: number;
  /** `recorder.auto_streams`; every stream by default. */
  autoStreams?: string[];
  /** Other keys of `[recorder]`, over the above. */
  recorder?: Record<string, string | number | string[]>;
  /** `[recorder.storage]`, with its spool in the storage root; that folder itself by default. */
  storage?: Record<string, string | boolean | string[]>;
  /** `[recorder.retention]`. */
  retention?: Record<string, string | number | Record<string, string>[]>;
  /** `[playback]`. */
  playback?: Record<string, number | boolean>;
  /** ms that the start may take; 60,000 by default. */
  startTimeoutMs?: number;
  /** Collects garbage twice a second in each of its threads: an unclosed file is fatal then. */
  collectOften?: boolean;
  /** Program and first arguments; the sources of this repository by default. */
  program?: string[];
  /** More of the command line. */
  flags?: string[];
  /** More of the environment. */
  environment?: Record<string, string>;
  /** `auth.tokens`; none by default. */
  tokens?: string[];
  /** The whole live777.toml instead of all of the above; `{root}` becomes the storage root. */
  configToml?: string;
  /** Records into the folder of a service that was stopped before, instead of a new one. */
  root?: string;
}

/** A running service. */
export interface RecorderProcess {
  /** Base address, without a trailing slash. */
  url: string;
  /** Absolute path of the storage root, or of the spool before a bucket. */
  root: string;
  /** Id of the process. */
  pid: number;
  /** Lines that it wrote to stdout and stderr so far. */
  log(): string[];
  /**
   * Sends a signal, SIGTERM by default, and waits for the end.
   * @returns the exit code; the name of the signal where one killed it
   * @throws Error when it has not ended after 15 s
   */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
  /** Ends it with SIGKILL, as a power cut does. */
  kill(): Promise<void>;
}

/**
 * Starts the real service as a process of its own on a free loopback port, with a configuration and a
 * storage root in a temporary folder, and waits until it tells its address. After the test it is
 * ended and the folder is removed; if the test failed, what it had written is shown. Does not start
 * in the last minute before midnight UTC, but where it goes on in a folder.
 * @throws Error with its output when it does not start
 */
export async function startRecorder(
  t: Test,
  options: RecorderProcessOptions = {},
): Promise<RecorderProcess> {
  if (options.root === undefined) await clearOfMidnight(60);
  const folder = await mkdtemp(join(tmpdir(), 'recorder-'));
  const root = options.root ?? join(folder, 'recordings');
  const config = join(folder, 'live777.toml');
  await writeFile(config, options.configToml?.replaceAll('{root}', root) ?? toml(root, options));
  const [program, ...first] = options.program ?? [
    process.execPath,
    ...(options.collectOften ? ['--expose-gc', '--import', COLLECT_OFTEN] : []),
    join(REPOSITORY, 'src/main.ts'),
  ];
  const child = spawn(
    program!,
    [...first, '--config', config, '--listen', '127.0.0.1:0', ...(options.flags ?? [])],
    // A terminal's colours and a caller's PORT or LOG_LEVEL have no say in a test.
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(REPOSITORY, 'node_modules/.cache/compile'),
        NO_COLOR: '1',
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  // Not `exit`: what it wrote last may still be in the pipe then.
  const exited = once(child, 'close');
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    if (!t.passing()) console.error(['--- the recorder wrote:', ...lines.slice(-200)].join('\n'));
    await rm(folder, { recursive: true, force: true });
  });
  return {
    url: await address(child, lines, options.startTimeoutMs ?? START_TIMEOUT_MS),
    root,
    pid: child.pid!,
    log: () => [...lines],
    stop: (signal = 'SIGTERM') => stop(child, exited, lines, signal),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function toml(root: string, options: RecorderProcessOptions): string {
  return stringify({
    auth: { tokens: options.tokens ?? [] },
    webrtc: { ice_udp_addrs: ['127.0.0.1'] },
    recorder: {
      auto_streams: options.autoStreams ?? ['*'],
      segment_seconds: options.segmentSeconds ?? 2,
      ...options.recorder,
      ...(options.retention && { retention: options.retention }),
      storage: options.storage ? { ...options.storage, spool_dir: root } : { type: 'fs', root },
    },
    playback: options.playback ?? {},
  });
}

/** Waits for the first address that the service tells; it tells none before it listens. */
async function address(child: ChildProcess, lines: string[], timeoutMs: number): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const match = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(lines.join('\n'));
    if (match) return match[0];
    if (child.exitCode !== null || child.signalCode !== null || timeout.aborted) {
      const state = timeout.aborted ? 'told no address' : `ended with ${child.exitCode}`;
      throw new Error(`the recorder ${state}:\n${lines.join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stop(
  child: ChildProcess,
  exited: Promise<unknown[]>,
  lines: string[],
  signal: NodeJS.Signals,
): Promise<number | string> {
  child.kill(signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new Error(`still running 15 s after ${signal}:\n${lines.slice(-50).join('\n')}`)),
      STOP_TIMEOUT_MS,
    );
  });
  try {
    const [code, killedBy] = await Promise.race([exited, late]);
    return (code as number | null) ?? String(killedBy);
  } finally {
    clearTimeout(timer);
  }
}
