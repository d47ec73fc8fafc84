import type { ArmedStream } from '../recorder.ts';
import { Refusal } from '../refusal.ts';

/** What has become of an armed stream; `over` when its recording is not asked for any more. */
export type ArmState = 'waiting' | 'recorded' | 'over';

interface Arm {
  armedAtMs: number;
  baseDir: string | undefined;
  /** The one who records it knows of it. */
  isTold: boolean;
}

/**
 * The streams of which a recording was asked for by name. Names are the callers' choice: so there is a
 * bound on those that wait for a publisher.
 */
export class ArmedStreams {
  readonly #mostWaiting: number;
  readonly #states: () => Promise<(stream: string) => ArmState>;
  readonly #arms = new Map<string, Arm>();

  /**
   * @param mostWaiting how many may wait for a publisher at a time
   * @param states asks what has become of streams
   */
  constructor(mostWaiting: number, states: () => Promise<(stream: string) => ArmState>) {
    this.#mostWaiting = mostWaiting;
    this.#states = states;
  }

  /**
   * Arms a stream; the first time counts.
   * @param tell hands it to the one who records it
   * @param isLive whether somebody publishes it; asked only when as many wait as may
   * @returns what `tell` returned
   * @throws Refusal `too-many-armed` when too many wait already; what `tell` throws
   */
  async add<T>(
    stream: string,
    baseDir: string | undefined,
    isLive: () => Promise<boolean>,
    tell: () => Promise<T>,
  ): Promise<T> {
    if (!this.#arms.has(stream) && (await this.#isFull()) && !(await isLive())) {
      throw new Refusal(
        'too-many-armed',
        `${this.#mostWaiting} streams wait for a publisher already: DELETE /api/recorder/armed lets go of them, [recorder] max_armed_streams allows more`,
      );
    }
    const arm = this.#arms.get(stream) ?? { armedAtMs: Date.now(), baseDir, isTold: false };
    this.#arms.set(stream, arm);
    try {
      return await tell();
    } catch (error) {
      if (!arm.isTold) this.#arms.delete(stream);
      throw error;
    } finally {
      arm.isTold = true;
    }
  }

  /** It was stopped. */
  delete(stream: string): void {
    this.#arms.delete(stream);
  }

  /** The base directory that was asked for with a stream; undefined for one that is not armed. */
  get(stream: string): { baseDir: string | undefined } | undefined {
    return this.#arms.get(stream);
  }

  /** All of them, the longest armed first. */
  async list(): Promise<ArmedStream[]> {
    const stateOf = await this.#states();
    return [...this.#arms].flatMap(([stream, { armedAtMs, isTold }]) => {
      const state = isTold ? stateOf(stream) : 'waiting';
      if (state !== 'over') return [{ stream, armedAtMs, isWaiting: state === 'waiting' }];
      this.#arms.delete(stream);
      return [];
    });
  }

  async #isFull(): Promise<boolean> {
    // As a rule nobody need be asked.
    if (this.#arms.size < this.#mostWaiting) return false;
    const waiting = (await this.list()).filter(({ isWaiting }) => isWaiting);
    return waiting.length >= this.#mostWaiting;
  }
}
