import type { JournalFormat } from '../journal/journal-line.ts';
import { EVENT_TYPES, type EventData, type EventType, type RecorderEvent } from './event.ts';

/** An event as a line of a journal. */
export type EventEntry = { type: 'event'; event: RecorderEvent };

/** The array of an event in a journal; see {@link eventOf}. */
export function eventArray({ stamp, type, stream, data }: RecorderEvent): unknown[] {
  return ['event', stamp, type, stream ?? null, data];
}

/** Reverses {@link eventArray}. @returns undefined for anything else */
export function eventOf(array: unknown[]): RecorderEvent | undefined {
  const [kind, stamp, type, stream, data] = array;
  if (kind !== 'event' || !Number.isSafeInteger(stamp)) return undefined;
  if (typeof type !== 'string' || !(type in EVENT_TYPES)) return undefined;
  if (typeof data !== 'object' || data === null) return undefined;
  return {
    stamp: stamp as number,
    type: type as EventType,
    ...(typeof stream === 'string' && { stream }),
    data: data as EventData[EventType],
  };
}

/** The journal of the latest events. */
export const eventJournal: JournalFormat<EventEntry> = {
  name: 'live777-recorder event journal',
  title: 'event journal',
  version: 1,
  toArray: ({ event }) => eventArray(event),
  fromArray: (array) => {
    const event = eventOf(array);
    return event && { type: 'event', event };
  },
  stampOf: ({ event }) => event.stamp,
};
