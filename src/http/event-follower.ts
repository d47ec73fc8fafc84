import { eventId, type RecorderEvent, stampOf } from '../events/event.ts';
import type { EventLog } from '../events/event-log.ts';
import type { EventStream } from './event-stream.ts';

/** Events that are looked up at a time for a client that is behind. */
const AT_A_TIME = 100;

/** Type of the message that says that events were lost; it is no event, and has no id. */
export const LOST = 'events.lost';

/** What a client wants. */
export interface Following {
  /** `Last-Event-ID` of the request; absent for events from now on. */
  lastId?: string | undefined;
  /** Whether an event concerns this client. */
  concerns(event: RecorderEvent): boolean;
}

/**
 * Sends events to a client: those since the last one that it received, then each as it happens. A slow
 * client costs no memory, because nothing but its place in the log is kept for it.
 */
export class EventFollower {
  readonly #events: EventLog;
  readonly #stream: EventStream;
  readonly #concerns: Following['concerns'];
  /** Stamp of the last event that was looked at, µs since the Unix epoch. */
  #place: number;

  constructor(events: EventLog, stream: EventStream, { lastId, concerns }: Following) {
    this.#events = events;
    this.#stream = stream;
    this.#concerns = concerns;
    const stamp = lastId === undefined ? events.lastStamp : stampOf(lastId);
    if (stamp !== undefined && stamp <= events.lastStamp) this.#place = stamp;
    else {
      // The id of another recorder, or of a journal that was lost: what the client has is unknown.
      this.#tellLost(lastId);
      this.#place = events.completeAfter;
    }
    const stop = events.listen(() => this.#go());
    stream.body.once('close', stop);
    stream.onReady = () => this.#go();
    // So that the client receives the headers.
    stream.comment();
    this.#go();
  }

  #go(): void {
    const stream = this.#stream;
    while (!stream.isStalled && this.#place < this.#events.lastStamp) {
      const { completeAfter } = this.#events;
      if (this.#place < completeAfter) {
        this.#tellLost(eventId(this.#place));
        this.#place = completeAfter;
      }
      for (const event of this.#events.after(this.#place, AT_A_TIME)) {
        if (stream.isStalled) return;
        this.#place = event.stamp;
        if (this.#concerns(event)) stream.send({ id: eventId(event.stamp), data: event.json });
      }
    }
  }

  #tellLost(after: string | undefined): void {
    const data = { after, message: 'events after this one are no longer kept' };
    this.#stream.send({
      data: JSON.stringify({ type: LOST, timestamp: new Date().toISOString(), data }),
    });
  }
}
