import { Readable } from 'node:stream';
import type { Recorder, StreamStatus } from '../recorder.ts';

/** Options of {@link StreamSnapshots}; times in ms. */
export interface StreamSnapshotsOptions {
  recorder: Pick<Recorder, 'streams'>;
  log: { error(fields: object, message: string): void };
  /** The text of a snapshot, for one who named these streams; none are named by one who asks for all. */
  write(statuses: StreamStatus[], named: string | readonly string[]): string | Promise<string>;
  /** Interval between two reads of the recorder's state, as long as there is a client. */
  pollMs: number;
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
  replacesOldest: boolean;
}

/** A new client. */
export interface Listener {
  address: string;
  /**
   * The token allows all streams, as for Liveman: the client has no limit per address and is never
   * refused.
   */
  isTrusted: boolean;
}

/**
 * Server-sent events with the streams: to each client all of them at once, and again all of them
 * whenever something has changed. One question to the recorder serves all clients.
 */
export class StreamSnapshots {
  readonly #options: StreamSnapshotsOptions;
  readonly #clients = new Set<Client>();
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #failing = false;
  #closed = false;

  constructor(options: StreamSnapshotsOptions) {
    this.#options = options;
  }

  /** Number of clients. */
  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Adds a client.
   * @param named only these streams, unless empty
   * @returns the body of the reply, which ends when this object closes, and which the caller
   * destroys when the client disconnects; undefined if there are too many clients
   */
  subscribe(
    named: string | readonly string[] = [],
    listener: Listener = { address: '', isTrusted: false },
  ): Readable | undefined {
    if (this.#closed || !this.#hasRoom(listener)) return undefined;
    const client = new Client(named, listener);
    this.#clients.add(client);
    client.body.once('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#rest();
    });
    // A read that has already begun may be older than the client.
    void (this.#asking ?? Promise.resolve()).then(() => this.#ask());
    return client.body;
  }

  /** Ends all replies. */
  close(): void {
    this.#closed = true;
    this.#rest();
    for (const client of this.#clients) client.body.push(null);
  }

  /** Whether one more client fits, if necessary after disconnecting another one. */
  #hasRoom(listener: Listener): boolean {
    const { maxClients, maxPerAddress, replacesOldest } = this.#options;
    const guests = [...this.#clients].filter(({ isTrusted }) => !isTrusted);
    const own = guests.filter(({ address }) => address === listener.address);
    if (!listener.isTrusted && own.length >= maxPerAddress) {
      return replacesOldest && this.#end(own[0]);
    }
    if (this.#clients.size < maxClients) return true;
    if (!listener.isTrusted && !replacesOldest) return false;
    const byAddress = Map.groupBy(guests, ({ address }) => address);
    const [most] = [...byAddress.values()].sort((a, b) => b.length - a.length);
    return this.#end(most?.[0]);
  }

  /** Ends the reply to a client. */
  #end(client: Client | undefined): boolean {
    if (client === undefined) return false;
    this.#clients.delete(client);
    client.body.push(null);
    return true;
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Reads the recorder's state, unless that is under way, sends it to the clients, and schedules
   * the next read.
   */
  #ask(): Promise<void> {
    this.#asking ??= this.#tell().finally(() => {
      this.#asking = undefined;
      this.#rest();
      if (this.#closed || this.#clients.size === 0) return;
      this.#timer = setTimeout(() => void this.#ask(), this.#options.pollMs);
    });
    return this.#asking;
  }

  async #tell(): Promise<void> {
    const { recorder, log, write, keepAliveMs, stallMs } = this.#options;
    try {
      const statuses = await recorder.streams();
      for (const client of this.#clients) {
        client.offer(await write(statuses, client.named));
      }
      this.#failing = false;
    } catch (err) {
      if (!this.#failing)
        log.error({ err }, 'cannot read the streams for the clients of /api/sse/streams');
      this.#failing = true;
    }
    const now = performance.now();
    for (const client of this.#clients) {
      if (now - client.sentAt >= keepAliveMs) client.send(': still here\n\n');
      if (now - client.stalledAt >= stallMs) client.body.destroy();
    }
  }
}

/** A client. If it is slow, only the latest snapshot waits for it. */
class Client {
  readonly named: string | readonly string[];
  readonly address: string;
  readonly isTrusted: boolean;
  readonly body: Readable;
  /** When something was last sent to it, ms. */
  sentAt = performance.now();
  /** When it stopped reading, ms; NaN while it reads. */
  stalledAt = Number.NaN;
  #snapshot = '';
  #waiting: string | undefined;

  constructor(named: string | readonly string[], { address, isTrusted }: Listener) {
    this.named = named;
    this.address = address;
    this.isTrusted = isTrusted;
    this.body = new Readable({ read: () => this.#resume() });
  }

  /** Sends a snapshot unless it equals the previous one. */
  offer(snapshot: string): void {
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.send(`data: ${snapshot}\n\n`);
  }

  /** @param event replaces a waiting one: a snapshot contains everything that earlier ones said */
  send(event: string): void {
    if (!Number.isNaN(this.stalledAt)) {
      if (event.startsWith('data:')) this.#waiting = event;
      return;
    }
    this.sentAt = performance.now();
    if (!this.body.push(event)) this.stalledAt = this.sentAt;
  }

  #resume(): void {
    this.stalledAt = Number.NaN;
    const event = this.#waiting;
    this.#waiting = undefined;
    if (event !== undefined) this.send(event);
  }
}
