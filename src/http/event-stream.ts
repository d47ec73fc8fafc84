import { Readable } from 'node:stream';

/** Who receives an event stream. */
export interface Listener {
  address: string;
  /** The token allows all streams, as for Liveman: see {@link import('./event-streams.ts').EventStreams}. */
  isTrusted: boolean;
}

/** A server-sent event (HTML Living Standard §9.2.6). */
export interface ServerSentEvent {
  /** What a client sends as `Last-Event-ID` when it comes back. */
  id?: string;
  /** Must not contain line breaks. */
  data: string;
}

/** The body of one reply of server-sent events. */
export class EventStream implements Listener {
  readonly address: string;
  readonly isTrusted: boolean;
  /** Ends with the reply, and closes when the client disconnects. */
  readonly body: Readable;
  /** Called when the client reads again after {@link isStalled} was true. */
  onReady: (() => void) | undefined;
  /** When something was last sent, ms. */
  sentAt = performance.now();
  /** When the client stopped reading, ms; NaN while it reads. */
  stalledAt = Number.NaN;
  #isEnded = false;

  constructor({ address, isTrusted }: Listener) {
    this.address = address;
    this.isTrusted = isTrusted;
    this.body = new Readable({ read: () => this.#resume() });
  }

  /**
   * True while the client does not read: what is sent now waits in memory, so the sender should
   * rather wait itself.
   */
  get isStalled(): boolean {
    return !Number.isNaN(this.stalledAt);
  }

  /** Sends an event. */
  send({ id, data }: ServerSentEvent): void {
    this.#push(`${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`);
  }

  /** Sends a comment, so that proxies and the client know that the connection lives. */
  comment(): void {
    this.#push(': still here\n\n');
  }

  /** Ends the reply. */
  end(): void {
    if (this.#isEnded || this.body.destroyed) return;
    this.#isEnded = true;
    this.body.push(null);
  }

  #push(text: string): void {
    if (this.#isEnded || this.body.destroyed) return;
    this.sentAt = performance.now();
    if (!this.body.push(text) && !this.isStalled) this.stalledAt = this.sentAt;
  }

  #resume(): void {
    if (!this.isStalled) return;
    this.stalledAt = Number.NaN;
    this.onReady?.();
  }
}
