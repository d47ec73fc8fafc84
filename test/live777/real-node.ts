import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../server/free-port.ts';

const START_TIMEOUT_MS = 10_000;

/** The Live777 binary of `LIVE777_BIN`, or the one that is installed; `undefined` without one. */
export function live777Binary(): string | undefined {
  if (process.env.LIVE777_BIN) return process.env.LIVE777_BIN;
  try {
    return execFileSync('which', ['live777'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** A real Live777 node on loopback, without authorization. */
export class RealNode {
  /** Base address, without a trailing slash. */
  readonly url: string;
  readonly #binary: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'live777-'));
  #process: ChildProcess | undefined;

  /** Starts a node. @throws Error when it does not listen within ten seconds */
  static async start(binary: string): Promise<RealNode> {
    const node = new RealNode(binary, await freePort());
    await node.restart();
    return node;
  }

  private constructor(binary: string, port: number) {
    this.#binary = binary;
    this.url = `http://127.0.0.1:${port}`;
    writeFileSync(
      join(this.#folder, 'live777.toml'),
      `ice_servers = []\n[http]\nlisten = "127.0.0.1:${port}"\n[webrtc]\nice_udp_addrs = ["127.0.0.1:0"]\n`,
    );
  }

  /** Starts it again after {@link kill}, on the same port. */
  async restart(): Promise<void> {
    const args = ['-c', join(this.#folder, 'live777.toml')];
    this.#process = spawn(this.#binary, args, { cwd: this.#folder, stdio: 'ignore' });
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const reply = await fetch(`${this.url}/api/info`).catch(() => undefined);
      await reply?.body?.cancel();
      if (reply?.ok) return;
      if (performance.now() > deadline) throw new Error(`${this.#binary} does not listen`);
      await delay(50);
    }
  }

  /** Kills the process: nobody is told. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills it and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
