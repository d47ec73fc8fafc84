import type { RecorderEvent } from '../events/event.ts';
import { eventArray, eventOf } from '../events/event-line.ts';
import { BackgroundJournal } from '../journal/background-journal.ts';
import type { JournalFormat } from '../journal/journal-line.ts';

/** Events that wait for one receiver at most; one takes up to 1 kB of memory and of the disk. */
export const MOST_WAITING = 50_000;

type QueueEntry = { type: 'event'; event: RecorderEvent } | { type: 'done'; stamp: number };

const queueJournal: JournalFormat<QueueEntry> = {
  name: 'live777-recorder webhook queue',
  title: 'webhook queue',
  version: 1,
  toArray: (entry) => (entry.type === 'done' ? ['done', entry.stamp] : eventArray(entry.event)),
  fromArray: (array) => {
    const [kind, stamp] = array;
    if (kind === 'done') return { type: 'done', stamp: stamp as number };
    const event = eventOf(array);
    return event && { type: 'event', event };
  },
  stampOf: (entry) => (entry.type === 'done' ? undefined : entry.event.stamp),
};

/** Options of a {@link WebhookQueue}. */
export interface WebhookQueueOptions {
  /** The journal file. */
  path: string;
  log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Number of events that may wait; {@link MOST_WAITING} by default. */
  mostWaiting?: number;
}

/**
 * The events that one receiver has not accepted yet, in a lane for each stream and one for those of the
 * whole node. They survive the end of the process; if too many wait, the oldest are dropped.
 */
export class WebhookQueue {
  readonly #mostWaiting: number;
  /** By stamp, in ascending order. */
  readonly #waiting = new Map<number, RecorderEvent>();
  readonly #lanes = new Map<string, RecorderEvent[]>();
  #journal!: BackgroundJournal<QueueEntry>;

  private constructor({ mostWaiting = MOST_WAITING }: WebhookQueueOptions) {
    this.#mostWaiting = mostWaiting;
  }

  /** Opens the queue with what waits since before the restart. @throws the file system's error */
  static async open(options: WebhookQueueOptions): Promise<WebhookQueue> {
    const queue = new WebhookQueue(options);
    queue.#journal = await BackgroundJournal.open<QueueEntry>({
      path: options.path,
      format: queueJournal,
      load: (entry) => {
        if (entry.type === 'done') queue.#waiting.delete(entry.stamp);
        else queue.#waiting.set(entry.event.stamp, entry.event);
      },
      snapshot: () => [...queue.#waiting.values()].map((event) => ({ type: 'event', event })),
      linesNeeded: () => queue.#waiting.size,
      log: options.log,
    });
    for (const event of queue.#waiting.values()) queue.#laneOf(event).push(event);
    return queue;
  }

  /** Number of events that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** The first event of each lane. */
  *heads(): Iterable<RecorderEvent> {
    for (const [head] of this.#lanes.values()) if (head !== undefined) yield head;
  }

  /** Adds an event. @returns the number of events that were dropped for it */
  add(event: RecorderEvent): number {
    let dropped = 0;
    for (const [, oldest] of this.#waiting) {
      if (this.#waiting.size < this.#mostWaiting) break;
      this.remove(oldest);
      dropped++;
    }
    this.#waiting.set(event.stamp, event);
    this.#laneOf(event).push(event);
    this.#journal.add({ type: 'event', event });
    return dropped;
  }

  /** Removes an event at the head of its lane; does nothing if it was dropped meanwhile. */
  remove(event: RecorderEvent): void {
    if (!this.#waiting.delete(event.stamp)) return;
    const lane = this.#laneOf(event);
    lane.shift();
    // Behind the others, so that each gets its turn.
    this.#lanes.delete(laneName(event));
    if (lane.length > 0) this.#lanes.set(laneName(event), lane);
    this.#journal.add({ type: 'done', stamp: event.stamp });
  }

  /**
   * Removes all events up to a stamp, µs since the Unix epoch; all by default.
   * @returns their number
   */
  removeUntil(stamp = Number.POSITIVE_INFINITY): number {
    let removed = 0;
    for (const [each, event] of this.#waiting) {
      if (each > stamp) break;
      this.remove(event);
      removed++;
    }
    return removed;
  }

  /** See {@link BackgroundJournal.written}. */
  written(): Promise<void> {
    return this.#journal.written();
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  #laneOf(event: RecorderEvent): RecorderEvent[] {
    const name = laneName(event);
    const lane = this.#lanes.get(name) ?? [];
    this.#lanes.set(name, lane);
    return lane;
  }
}

/** The lane of an event: events of a lane are delivered in their order. Streams have no empty name. */
export function laneName({ stream = '' }: RecorderEvent): string {
  return stream;
}
