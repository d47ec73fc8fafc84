import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Settings of a {@link BoundRecorder}. */
export interface BoundRecorderSettings {
  /** Of HTTP. */
  port: number;
  workers: number;
  /** One UDP port for all streams, instead of sockets for each. */
  udpPort?: number;
}

/** A recorder of ours in a process that is bound to a core, recording to a folder of its own. */
export class BoundRecorder {
  /** Address of its API. */
  readonly url: string;
  /** Its WHIP address, in which `{stream}` is the stream. */
  readonly whip: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #root: string;

  private constructor(child: ChildProcess, url: string, root: string) {
    this.#child = child;
    this.#root = root;
    this.url = url;
    this.whip = `${url}/whip/{stream}`;
    this.pid = child.pid!;
  }

  /**
   * Resolves once it listens.
   * @param checkout the folder of its source
   * @param core `undefined` for all
   * @throws Error if it ends instead
   */
  static async start(
    checkout: string,
    { port, workers, udpPort }: BoundRecorderSettings,
    core: number | undefined,
  ): Promise<BoundRecorder> {
    const root = mkdtempSync(path.join(tmpdir(), 'bench-streams-'));
    const config = path.join(root, 'live777.toml');
    writeFileSync(
      config,
      '[log]\nlevel = "error"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n' +
        `${udpPort === undefined ? '' : `ice_udp_port = ${udpPort}\n`}` +
        `[recorder]\nauto_streams = ["*"]\nworkers = ${workers}\n` +
        `[recorder.storage]\ntype = "fs"\nroot = "${root}/recordings"\n`,
    );
    const child = startBound(core, [
      ...[process.execPath, path.join(checkout, 'src/main.ts')],
      ...['--config', config, '--listen', `127.0.0.1:${port}`],
    ]);
    const recorder = new BoundRecorder(child, `http://127.0.0.1:${port}`, root);
    try {
      await listening(child, `${recorder.url}/api/node`);
    } catch (error) {
      await recorder.end();
      throw error;
    }
    return recorder;
  }

  /** Ends it, and deletes what it recorded. */
  async end(): Promise<void> {
    await stopped(this.#child);
    rmSync(this.#root, { recursive: true });
  }
}

/** Starts a process bound to a core, or to none; its output is dropped. */
export function startBound(core: number | undefined, command: readonly string[]): ChildProcess {
  const bound = core === undefined ? [] : ['taskset', '--cpu-list', String(core)];
  const [program, ...args] = [...bound, ...command];
  return spawn(program!, args, { stdio: 'ignore' });
}

/** Resolves when an address answers, whatever it says. @throws Error if the process ends instead */
export async function listening(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended`);
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch {
      await delay(200);
    }
  }
}

/** Ends a process. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}
