import { EventStream, type Listener } from './event-stream.ts';

/** Options of {@link EventStreams}; times in ms. */
export interface EventStreamsOptions {
  /**
   * A client to which nothing was sent for this long gets a comment, so that proxies keep the
   * connection.
   */
  keepAliveMs: number;
  /** A client that has read nothing for this long is disconnected. */
  stallMs: number;
  maxClients: number;
  /** Maximum number of untrusted clients per address. */
  maxPerAddress: number;
  /**
   * If the limit is reached, the oldest client of the address with the most clients is disconnected
   * instead of refusing the new one.
   */
  replacesOldest(): boolean;
}

/**
 * All replies of server-sent events: how many there may be, that they stay open while nothing
 * happens, and that they end when a client no longer reads or the server closes. A trusted client has no
 * limit per address and is never refused.
 */
export class EventStreams {
  /** Number of clients that were disconnected because they did not read. */
  cutOff = 0;
  readonly #options: EventStreamsOptions;
  readonly #streams = new Set<EventStream>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** Number of clients. */
  get size(): number {
    return this.#streams.size;
  }

  /** Begins the reply to a client. @returns undefined if there are too many clients */
  open(listener: Listener = { address: '', isTrusted: false }): EventStream | undefined {
    if (this.#closed || !this.#hasRoom(listener)) return undefined;
    const stream = new EventStream(listener);
    this.#streams.add(stream);
    stream.body.once('close', () => this.#delete(stream));
    const { keepAliveMs, stallMs } = this.#options;
    this.#timer ??= setInterval(() => this.#look(), Math.min(keepAliveMs, stallMs) / 4);
    return stream;
  }

  /** Ends all replies; clients may come back. */
  endAll(): void {
    for (const stream of this.#streams) this.#end(stream);
  }

  /** Ends all replies, and begins no more. */
  close(): void {
    this.#closed = true;
    this.endAll();
  }

  /** Whether one more client fits, if necessary after disconnecting another one. */
  #hasRoom(listener: Listener): boolean {
    const { maxClients, maxPerAddress } = this.#options;
    const replacesOldest = this.#options.replacesOldest();
    const guests = [...this.#streams].filter(({ isTrusted }) => !isTrusted);
    const own = guests.filter(({ address }) => address === listener.address);
    if (!listener.isTrusted && own.length >= maxPerAddress) {
      return replacesOldest && this.#end(own[0]);
    }
    if (this.#streams.size < maxClients) return true;
    if (!listener.isTrusted && !replacesOldest) return false;
    const byAddress = Map.groupBy(guests, ({ address }) => address);
    const [most] = [...byAddress.values()].sort((a, b) => b.length - a.length);
    return this.#end(most?.[0]);
  }

  #end(stream: EventStream | undefined): boolean {
    if (stream === undefined) return false;
    this.#delete(stream);
    stream.end();
    return true;
  }

  #delete(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { keepAliveMs, stallMs } = this.#options;
    const now = performance.now();
    for (const stream of this.#streams) {
      if (now - stream.stalledAt >= stallMs) {
        this.cutOff++;
        stream.body.destroy();
      } else if (!stream.isStalled && now - stream.sentAt >= keepAliveMs) stream.comment();
    }
  }
}
