import { createParser } from 'eventsource-parser';
import type { Clock } from '../clock/clock.ts';
import type { NodeSourceConfig } from './source-options.ts';

/** Timeout for the start of a response and, if it has an end, for the whole of it, ms. */
const ANSWER_MS = 10_000;

/** Maximum size of a listing, characters: enough for tens of thousands of streams. */
const LONGEST_LISTING = 32 * 1024 * 1024;

/**
 * A failed request to a node. `unauthorized`: the token is missing, invalid or insufficient;
 * `unsupported`: the node has no events; `failed`: any other failure.
 */
export class NodeError extends Error {
  override name = 'NodeError';
  readonly kind: 'unauthorized' | 'unsupported' | 'failed';
  constructor(kind: NodeError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The two requests that show which streams a Live777 node or a Liveman has. */
export class NodeClient {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #clock: Clock;

  constructor({ url, token }: NodeSourceConfig, clock: Clock) {
    this.#url = url;
    this.#token = token;
    this.#clock = clock;
  }

  /**
   * `GET /api/streams/`.
   * @returns the body
   * @throws NodeError
   */
  async list(signal: AbortSignal): Promise<string> {
    const limit = this.#limitTime(signal);
    try {
      const response = await this.#get('/api/streams/', 'application/json', limit.signal);
      let text = '';
      for await (const chunk of textOf(response)) {
        text += chunk;
        if (text.length > LONGEST_LISTING)
          throw new NodeError('failed', 'sends a reply that is too long');
      }
      return text;
    } catch (error) {
      throw this.#explained(error, limit.signal);
    } finally {
      limit.stop();
    }
  }

  /**
   * `GET /api/sse/streams`: Server-Sent Events (HTML §9.2), each with a complete listing.
   * @param onOpen called once the node has accepted the request
   * @returns the data of each event, until the connection ends for any reason
   * @throws NodeError if the node refuses; the signal's reason if it aborts
   */
  async *events(signal: AbortSignal, onOpen: () => void): AsyncGenerator<string, void> {
    const end = new AbortController();
    const limit = this.#limitTime(AbortSignal.any([signal, end.signal]));
    let isOpen = false;
    try {
      const response = await this.#get('/api/sse/streams', 'text/event-stream', limit.signal);
      limit.stop();
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
        throw new NodeError('unsupported', 'does not offer events');
      }
      isOpen = true;
      onOpen();
      const events: string[] = [];
      const parser = createParser({
        maxBufferSize: LONGEST_LISTING,
        onEvent: ({ data }) => events.push(data),
        onError: ({ type, message }) => {
          if (type === 'max-buffer-size-exceeded') throw new NodeError('failed', message);
        },
      });
      for await (const chunk of textOf(response)) {
        parser.feed(chunk);
        yield* events.splice(0);
      }
    } catch (error) {
      const isEnd = isOpen && !signal.aborted && !(error instanceof NodeError);
      if (!isEnd) throw this.#explained(error, limit.signal);
    } finally {
      limit.stop();
      end.abort();
    }
  }

  async #get(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const response = await fetch(`${this.#url}${path}`, {
      headers: {
        accept,
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      cache: 'no-store',
      signal,
    });
    const { status } = response;
    if (status === 200) return response;
    await response.body?.cancel();
    if (status === 401) {
      const asked = this.#token === undefined ? 'requires a token' : 'does not accept the token';
      throw new NodeError('unauthorized', `${asked} (401)`);
    }
    if (status === 403) {
      throw new NodeError(
        'unauthorized',
        'does not permit the token to list streams (403): it must be valid for all streams',
      );
    }
    const noEvents = accept === 'text/event-stream' && [404, 405, 406, 501].includes(status);
    throw new NodeError(
      noEvents ? 'unsupported' : 'failed',
      `answers ${status} to GET ${path}${status === 404 ? ': is it a Live777 node?' : ''}`,
    );
  }

  /** A signal that also aborts when a request takes too long, unless it is stopped before. */
  #limitTime(signal: AbortSignal): { signal: AbortSignal; stop: () => void } {
    const late = new AbortController();
    const stop = this.#clock.after(ANSWER_MS, () =>
      late.abort(new NodeError('failed', `does not respond within ${ANSWER_MS / 1000} s`)),
    );
    return { signal: AbortSignal.any([signal, late.signal]), stop };
  }

  /** An error whose message may be shown: free of the token, whatever library created it. */
  #explained(error: unknown, signal: AbortSignal): NodeError {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (reason instanceof NodeError) return reason;
    const { message, cause } = reason as Error & { cause?: { code?: string; message?: string } };
    const said = cause?.code ?? cause?.message ?? message;
    return new NodeError(
      'failed',
      this.#token === undefined ? said : said.replaceAll(this.#token, '…'),
    );
  }
}

async function* textOf(response: Response): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) yield decoder.decode(chunk, { stream: true });
}
