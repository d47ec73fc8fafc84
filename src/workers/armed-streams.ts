import type { ArmedStream } from '../recorder.ts';
import { Refusal } from '../refusal.ts';

/** State of an armed stream; `over` if its recording is no longer requested. */
export type ArmState = 'waiting' | 'recorded' | 'over';

interface Arm {
  armedAtMs: number;
  baseDir: string | undefined;
  /** The worker has accepted the request. */
  isTold: boolean;
}

/**
 * Streams for which a recording was requested by name. Callers choose the names, so the number of
 * streams that wait for a publisher is limited.
 */
export class ArmedStreams {
  readonly #mostWaiting: number;
  readonly #states: () => Promise<(stream: string) => ArmState>;
  readonly #arms = new Map<string, Arm>();

  /**
   * @param mostWaiting how many streams may wait for a publisher at a time
   * @param states reads the current state of the streams
   */
  constructor(mostWaiting: number, states: () => Promise<(stream: string) => ArmState>) {
    this.#mostWaiting = mostWaiting;
    this.#states = states;
  }

  /**
   * Arms a stream; the base directory of the first call is kept.
   * @param tell passes the request on to the recorder of the stream
   * @param isLive whether the stream is published; called only if the limit is reached
   * @returns what `tell` returned
   * @throws Refusal `too-many-armed` if too many streams wait already; what `tell` throws
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
        `${this.#mostWaiting} streams wait for a publisher already: DELETE /api/recorder/armed cancels these requests, [recorder] max_armed_streams sets the limit`,
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

  /** The recording was stopped. */
  delete(stream: string): void {
    this.#arms.delete(stream);
  }

  /** The base directory that was requested for a stream; undefined if the stream is not armed. */
  get(stream: string): { baseDir: string | undefined } | undefined {
    return this.#arms.get(stream);
  }

  /** All armed streams, the longest armed first. */
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
    // Avoids a call to the workers in the usual case.
    if (this.#arms.size < this.#mostWaiting) return false;
    const waiting = (await this.list()).filter(({ isWaiting }) => isWaiting);
    return waiting.length >= this.#mostWaiting;
  }
}
