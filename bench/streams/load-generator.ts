import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const REPOSITORY = join(import.meta.dirname, '../..');
const PROGRAM = join(REPOSITORY, 'test/peers/pion/load/load');

/** What the generator has sent so far. */
export interface LoadCounts {
  /** Packets of media, each counted once. */
  packets: number;
  /** Packets that the recorder asked for again: lost on the way, or too late. */
  nacked: number;
  /** Connections that were lost. */
  lost: number;
}

/** Streams of 2.5 Mbit/s H264 and Opus that a process of its own sends. */
export class LoadGenerator {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#interface = createInterface({ input: child.stdout! });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /**
   * Resolves when all streams have begun.
   * @param to `-whip ADDRESS -streams N` or `-udp PORT,PORT`
   * @param core number of the core to which the generator is bound
   * @param spreadSeconds how far apart the first and the last stream begin, and so their keyframes and segments
   * @throws Error if it is not built, or not all streams connect
   */
  static async start(
    to: readonly string[],
    core: number,
    spreadSeconds: number,
  ): Promise<LoadGenerator> {
    if (!existsSync(PROGRAM)) {
      throw new Error('no load generator: go build -C test/peers/pion -o load/load ./load');
    }
    const fixtures = join(REPOSITORY, 'test/fixtures');
    const child = spawn(
      'taskset',
      [
        ...['--cpu-list', String(core), PROGRAM, ...to, '-spread', `${spreadSeconds}s`],
        ...['-video', join(fixtures, 'flash-and-beep.h264')],
        ...['-audio', join(fixtures, 'flash-and-beep.ogg')],
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const generator = new LoadGenerator(child);
    await generator.#next();
    return generator;
  }

  /** What it has sent until now. */
  async counts(): Promise<LoadCounts> {
    this.#child.stdin!.write('\n');
    return JSON.parse(await this.#next()) as LoadCounts;
  }

  /** Ends all sessions and the process. */
  async end(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin!.end();
    await exited;
    this.#interface.close();
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the load generator ended');
    return value;
  }
}
