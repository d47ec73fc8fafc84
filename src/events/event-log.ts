import { dirname, join } from 'node:path';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { BackgroundJournal } from '../journal/background-journal.ts';
import { type Emit, eventJson, type RecorderEvent } from './event.ts';
import { type EventEntry, eventJournal } from './event-line.ts';

/** Path of the event journal that belongs to a segment journal. */
export function eventJournalPath(indexPath: string): string {
  return join(dirname(indexPath), 'events.jsonl');
}

/** Events that are kept at least for clients that come back. */
const MOST_KEPT = 10_000;

/** An event, and what is sent of it. */
export interface ToldEvent extends RecorderEvent {
  /** See {@link eventJson}. */
  json: string;
}

/** Receives each event; must not throw. */
export type EventListener = (event: ToldEvent) => void;

/** Options of an {@link EventLog}. */
export interface EventLogOptions {
  /** The journal file. */
  path: string;
  /** Name of this node. */
  node: string;
  log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Number of events that are kept at least; 10,000 by default. */
  mostKept?: number;
  /** Returns µs since the Unix epoch; the steady clock by default. */
  now?: () => number;
}

/**
 * The latest events of this node, told to listeners as they happen and kept for those who were away.
 * Emitting one costs a line of JSON and waits for nothing.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #mostKept: number;
  readonly #now: () => number;
  readonly #listeners = new Set<EventListener>();
  /** Ascending; up to twice as many as must be kept, so that not every event moves all of them. */
  #events: ToldEvent[] = [];
  #lastStamp = 0;
  /** See {@link EventLog.completeAfter}. */
  #forgotten = 0;
  #journal!: BackgroundJournal<EventEntry>;

  private constructor(options: EventLogOptions) {
    this.#options = options;
    this.#mostKept = options.mostKept ?? MOST_KEPT;
    this.#now = options.now ?? steadyNowUs;
  }

  /**
   * Opens the log with the events of before the restart.
   * @throws the file system's error
   */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const events = new EventLog(options);
    events.#journal = await BackgroundJournal.open<EventEntry>({
      path: options.path,
      format: eventJournal,
      load: ({ event }) => {
        // Later ones than now: the clock was set back.
        if (event.stamp <= events.#lastStamp) return;
        // Whether there were earlier ones is not known.
        if (events.#lastStamp === 0) events.#forgotten = event.stamp - 1;
        events.#keep(event);
      },
      snapshot: () => events.#events.map((event) => ({ type: 'event', event })),
      linesNeeded: () => events.#events.length,
      log: options.log,
    });
    return events;
  }

  /** Tells an event to all listeners, and keeps it. */
  readonly emit: Emit = (type, data, stream) => {
    const stamp = Math.max(this.#now(), this.#lastStamp + 1);
    const event = this.#keep({ stamp, type, ...(stream !== undefined && { stream }), data });
    this.#journal.add({ type: 'event', event });
    for (const listener of this.#listeners) listener(event);
  };

  /** Adds a listener. @returns a function that removes it */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Stamp of the last event, µs since the Unix epoch; 0 before the first. */
  get lastStamp(): number {
    return this.#lastStamp;
  }

  /** All events after this stamp are still kept, µs since the Unix epoch. */
  get completeAfter(): number {
    return this.#forgotten;
  }

  /**
   * The events after one that are kept, in their order.
   * @param stamp of that event, µs since the Unix epoch
   * @param most of them, the first ones
   */
  after(stamp: number, most = Number.POSITIVE_INFINITY): ToldEvent[] {
    let from = 0;
    let to = this.#events.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#events[middle]!.stamp > stamp) to = middle;
      else from = middle + 1;
    }
    return this.#events.slice(from, from + most);
  }

  /**
   * Resolves when all events so far have been written, or could not be; never rejects. They survive
   * the end of the process then.
   */
  written(): Promise<void> {
    return this.#journal.written();
  }

  /** Tells nothing more; resolves when the journal is closed. */
  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#journal.close();
  }

  #keep(event: RecorderEvent): ToldEvent {
    const told = { ...event, json: eventJson(event, this.#options.node) };
    this.#lastStamp = event.stamp;
    this.#events.push(told);
    if (this.#events.length >= 2 * this.#mostKept) {
      const removed = this.#events.splice(0, this.#events.length - this.#mostKept);
      this.#forgotten = removed.at(-1)!.stamp;
    }
    return told;
  }
}
