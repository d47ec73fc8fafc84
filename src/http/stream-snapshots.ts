import type { Recorder, StreamStatus } from '../recorder.ts';
import type { EventStream } from './event-stream.ts';

/** Options of {@link StreamSnapshots}. */
export interface StreamSnapshotsOptions {
  recorder: Pick<Recorder, 'streams'>;
  log: { error(fields: object, message: string): void };
  /** The text of a snapshot, for one who named these streams; none are named by one who asks for all. */
  write(statuses: StreamStatus[], named: string | readonly string[]): string | Promise<string>;
  /** Interval between two reads of the recorder's state, as long as there is a client, ms. */
  pollMs: number;
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

  /**
   * Sends snapshots to a client until it disconnects.
   * @param named only these streams, unless empty
   */
  subscribe(stream: EventStream, named: string | readonly string[] = []): void {
    const client = new Client(stream, named);
    this.#clients.add(client);
    stream.body.once('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#rest();
    });
    // A read that has already begun may be older than the client.
    void (this.#asking ?? Promise.resolve()).then(() => this.#ask());
  }

  /** Reads nothing more. */
  close(): void {
    this.#closed = true;
    this.#rest();
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
    const { recorder, log, write } = this.#options;
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
  }
}

/** A client. If it is slow, only the latest snapshot waits for it. */
class Client {
  readonly named: string | readonly string[];
  readonly #stream: EventStream;
  #snapshot = '';
  #isBehind = false;

  constructor(stream: EventStream, named: string | readonly string[]) {
    this.named = named;
    this.#stream = stream;
    stream.onReady = () => {
      if (this.#isBehind) this.#send();
    };
  }

  /** Sends a snapshot unless it equals the previous one. */
  offer(snapshot: string): void {
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    // A snapshot contains everything that earlier ones said.
    this.#isBehind = this.#stream.isStalled;
    if (!this.#isBehind) this.#send();
  }

  #send(): void {
    this.#isBehind = false;
    this.#stream.send({ data: this.#snapshot });
  }
}
