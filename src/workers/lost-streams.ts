import type { StreamStatus } from '../recorder.ts';

const REASON =
  'the worker thread that recorded the stream died and was replaced: recording continues when the publisher is back';

/**
 * Streams whose recording ended with a worker thread, until they are back. The replacement knows
 * nothing of them, and users must see why they are not recorded.
 */
export class LostStreams {
  readonly #streams = new Set<string>();

  /** Adds a stream whose record ended with the thread. */
  add(stream: string): void {
    this.#streams.add(stream);
  }

  /** The stream is no longer wanted. */
  delete(stream: string): void {
    this.#streams.delete(stream);
  }

  /** The state of a stream whose thread has died. */
  interrupted(stream: string): StreamStatus {
    return { stream, state: 'interrupted', error: REASON, tracks: [] };
  }

  /** Corrects the status that a live thread reports, unless the stream is back. */
  correct(status: StreamStatus): StreamStatus {
    const { stream, state } = status;
    if (!this.#streams.has(stream)) return status;
    if (state === 'idle') return this.interrupted(stream);
    if (state === 'waiting' || state === 'connecting') return { error: REASON, ...status };
    this.#streams.delete(stream);
    return status;
  }

  /** The statuses that live threads report, with the streams that are not back yet. */
  complete(statuses: readonly StreamStatus[]): StreamStatus[] {
    const corrected = statuses.map((status) => this.correct(status));
    const told = new Set(corrected.map(({ stream }) => stream));
    for (const stream of this.#streams) {
      if (!told.has(stream)) corrected.push(this.interrupted(stream));
    }
    return corrected;
  }
}
