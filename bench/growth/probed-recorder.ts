import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PROBED, readThreadFigures, type ThreadFigures } from '../../test/server/thread-figures.ts';
import { residentBytes } from '../streams/process-cpu.ts';

const REPOSITORY = path.join(import.meta.dirname, '../..');
// Not that of `streams`, so that a long run does not keep it from running.
const PORT = 7796;

/** What a recorder holds. */
export interface Holdings {
  residentBytes: number;
  /** Open files and sockets. */
  descriptors: number;
  threads: ThreadFigures[];
}

/** A recorder whose threads tell what they hold. */
export class ProbedRecorder {
  /** WHIP address, in which `{stream}` is the stream. */
  readonly whip = `http://127.0.0.1:${PORT}/whip/{stream}`;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #threads: number;
  #told: ThreadFigures[] = [];
  #onLine: (line: string) => void = () => {};

  private constructor(child: ChildProcess, folder: string, workers: number) {
    this.#child = child;
    this.#folder = folder;
    // The main thread, the workers and a spare one.
    this.#threads = workers + 2;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const figures = readThreadFigures(line);
      if (figures !== undefined) this.#told.push(figures);
      this.#onLine(line);
    });
  }

  /**
   * Resolves when it answers.
   * @param snapshots folder to which it writes a snapshot of each thread's heap whenever it is asked
   */
  static async start(workers: number, snapshots?: string): Promise<ProbedRecorder> {
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-growth-'));
    const config = path.join(folder, 'live777.toml');
    writeFileSync(
      config,
      '[log]\nlevel = "error"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n' +
        `[recorder]\nauto_streams = ["*"]\nworkers = ${workers}\n` +
        `[recorder.storage]\ntype = "fs"\nroot = "${folder}/recordings"\n`,
    );
    const main = path.join(REPOSITORY, 'src/main.ts');
    const listen = ['--config', config, '--listen', `127.0.0.1:${PORT}`];
    const child = spawn(process.execPath, [...PROBED, main, ...listen], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(snapshots !== undefined && { HEAP_SNAPSHOTS: snapshots }) },
    });
    const recorder = new ProbedRecorder(child, folder, workers);
    // It tells its addresses when it listens.
    await new Promise<void>((resolve, reject) => {
      recorder.#onLine = (line) => {
        if (line.includes(`http://127.0.0.1:${PORT}`)) resolve();
      };
      child.once('exit', () => reject(new Error('the recorder ended')));
    });
    return recorder;
  }

  /** What it holds after its threads have collected their garbage. */
  async holdings(): Promise<Holdings> {
    this.#told = [];
    await new Promise<void>((resolve) => {
      this.#onLine = () => {
        if (this.#told.length >= this.#threads) resolve();
      };
      this.#child.kill('SIGUSR2');
    });
    const pid = this.#child.pid!;
    return {
      residentBytes: residentBytes(pid),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: this.#told.sort((a, b) => a.threadId - b.threadId),
    };
  }

  /** Ends it and removes what it recorded. */
  async end(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
    rmSync(this.#folder, { recursive: true });
  }
}

/** A line about what a recorder holds. */
export function describe({ residentBytes, descriptors, threads }: Holdings): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const each = threads.map(({ heapUsed, external, resources }) => {
    const count = Object.values(resources).reduce((sum, number) => sum + number, 0);
    return `${megabytes(heapUsed)}+${megabytes(external)} MB, ${count} handles`;
  });
  return `resident ${megabytes(residentBytes)} MB, ${descriptors} descriptors; heap+external of each thread: ${each.join(' | ')}`;
}
