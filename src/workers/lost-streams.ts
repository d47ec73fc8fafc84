import type { StreamStatus } from '../recorder.ts';

const REASON =
  'the thread that recorded it died, and another has taken its place: it goes on as soon as its publisher is back';

/**
 * Streams that were being recorded by a thread that died, until they are back: the thread in its place
 * has never heard of them, and whoever looks wants to know why they are not recorded.
 */
export class LostStreams {
  readonly #streams = new Set<string>();

  /** Notes a stream whose record the thread took with it. */
  add(stream: string): void {
    this.#streams.add(stream);
  }

  /** It is not wanted back. */
  delete(stream: string): void {
    this.#streams.delete(stream);
  }

  /** The state of a stream whose thread is dead. */
  interrupted(stream: string): StreamStatus {
    return { stream, state: 'interrupted', error: REASON, tracks: [] };
  }

  /** What a living thread says of a stream, unless that is only that it is not back yet. */
  correct(status: StreamStatus): StreamStatus {
    const { stream, state } = status;
    if (!this.#streams.has(stream)) return status;
    if (state === 'idle') return this.interrupted(stream);
    if (state === 'waiting' || state === 'connecting') return { error: REASON, ...status };
    this.#streams.delete(stream);
    return status;
  }

  /** What living threads say of their streams, with those that are not back yet. */
  complete(statuses: readonly StreamStatus[]): StreamStatus[] {
    const corrected = statuses.map((status) => this.correct(status));
    const told = new Set(corrected.map(({ stream }) => stream));
    for (const stream of this.#streams) {
      if (!told.has(stream)) corrected.push(this.interrupted(stream));
    }
    return corrected;
  }
}
