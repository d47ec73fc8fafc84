import type { PublishRight, Recorder } from '../recorder.ts';
import { RequestError } from './errors.ts';

/** Maximum number of sessions per address that wait for their publisher to connect. */
const MAX_UNCONNECTED = 20;
/** A session that has not connected by then ends in any case, ms. */
const CONNECT_TIMEOUT_MS = 15_000;

interface Waiting {
  stream: string;
  sessionId: string;
  sinceMs: number;
}

/**
 * Limits how many sessions per address wait for their publisher: each accepted offer binds sockets
 * and a stream name, whether or not anybody connects. If tokens identify callers, those that may
 * publish all streams are not limited: Liveman acts for many publishers. Without tokens, the oldest
 * session gives way instead of the new one being refused.
 */
export class UnconnectedPublishers {
  readonly #recorder: Pick<Recorder, 'status' | 'unpublish'>;
  readonly #hasTokens: () => boolean;
  readonly #byAddress = new Map<string, Waiting[]>();

  /** @param hasTokens whether callers need a token */
  constructor(recorder: Pick<Recorder, 'status' | 'unpublish'>, hasTokens: () => boolean) {
    this.#recorder = recorder;
    this.#hasTokens = hasTokens;
  }

  /** Makes room for one more session. @throws RequestError 429 if there is none */
  async admit(address: string, right: PublishRight): Promise<void> {
    if (this.#hasTokens() && right === 'all') return;
    let waiting = this.#byAddress.get(address) ?? [];
    if (waiting.length < MAX_UNCONNECTED) return;
    const isWaiting = await Promise.all(waiting.map((one) => this.#isWaiting(one)));
    waiting = waiting.filter((_, index) => isWaiting[index]);
    this.#byAddress.set(address, waiting);
    if (waiting.length < MAX_UNCONNECTED) return;
    if (this.#hasTokens()) {
      throw new RequestError(
        429,
        `${waiting.length} sessions of your address already wait for their publisher: connect or end them first`,
      );
    }
    const oldest = waiting.shift()!;
    // It may have ended in the meantime.
    await this.#recorder.unpublish(oldest.stream, oldest.sessionId).catch(() => {});
  }

  /** Counts a session that begins. */
  note(address: string, stream: string, sessionId: string): void {
    const nowMs = performance.now();
    for (const [other, waiting] of this.#byAddress) {
      if (waiting.every(({ sinceMs }) => nowMs - sinceMs > CONNECT_TIMEOUT_MS)) {
        this.#byAddress.delete(other);
      }
    }
    const waiting = this.#byAddress.get(address) ?? [];
    waiting.push({ stream, sessionId, sinceMs: nowMs });
    this.#byAddress.set(address, waiting);
  }

  async #isWaiting({ stream, sessionId, sinceMs }: Waiting): Promise<boolean> {
    if (performance.now() - sinceMs > CONNECT_TIMEOUT_MS) return false;
    const status = await this.#recorder.status(stream);
    return status.sessionId === sessionId && status.publishedAtMs === undefined;
  }
}
