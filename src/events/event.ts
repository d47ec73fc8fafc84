import type { DeletionReason } from '../facts/deletion-report.ts';
import type { PeriodReason } from '../facts/period-reason.ts';
import type { TrackKind } from '../media/access-unit.ts';

/** A disk of this node. */
interface DiskData {
  /** `recordings`: that of the storage root; `spool`: that of the files that wait for upload. */
  disk: 'recordings' | 'spool';
  /** What there is little of, or enough again. */
  resource: 'space' | 'inodes';
  free_bytes: number;
  total_bytes: number;
  /** Absent if the file system has no limit. */
  free_inodes?: number;
}

/**
 * The data of each type of event, as it is sent. Times (`_ts`) are µs since the Unix epoch, as in the
 * rest of the API, and sizes bytes.
 */
export interface EventData {
  'recording.started': { record: string; start_ts: number; mpd_path: string };
  'recording.ended': {
    record: string;
    start_ts: number;
    end_ts: number;
    mpd_path: string;
    status: 'Completed' | 'Failed';
  };
  /** Neither sound nor picture was recorded in the meantime, although the record went on. */
  'recording.gap': {
    record: string;
    start_ts: number;
    end_ts: number;
    /** Why a new Period began; absent for files that were recovered after a crash. */
    reason?: PeriodReason;
  };
  'segment.stored': {
    kind: TrackKind;
    path: string;
    init_path: string;
    start_ts: number;
    end_ts: number;
    size: number;
    codec: string;
  };
  'storage.degraded': {
    name: string;
    state: 'delayed' | 'alarm' | 'full';
    waiting_files: number;
    waiting_bytes: number;
    /** Code of the last failure. */
    error?: string;
  };
  'storage.recovered': { name: string; waiting_files: number; waiting_bytes: number };
  'disk.low': DiskData & {
    /** Free space below which the disk is: bytes, or else a share of the disk, percent. */
    below_bytes?: number;
    below_percent?: number;
    /** Time until the disk is full at the present rate, s; absent if it does not fill. */
    full_in_seconds?: number;
  };
  'disk.recovered': DiskData;
  'media.deleted': {
    start_ts: number;
    end_ts: number;
    segments: number;
    bytes: number;
    reason: DeletionReason;
  };
}

/** A type of event; names are as the Standard Webhooks specification recommends them. */
export type EventType = keyof EventData;

/** All types of events, with what each says. */
export const EVENT_TYPES: Record<EventType, string> = {
  'recording.started': 'a record began',
  'recording.ended': 'a record ended',
  'recording.gap': 'nothing was recorded for a while within a record',
  'segment.stored': 'a segment is durable, on the disk or in the spool before a bucket',
  'storage.degraded': 'files wait for upload because the bucket does not take them, or no more may',
  'storage.recovered': 'the bucket takes files again',
  'disk.low': 'a disk has less free space or inodes than a mark',
  'disk.recovered': 'a disk has enough again',
  'media.deleted': 'recorded media was deleted',
};

/** Something that happened on this node. */
export interface RecorderEvent<Type extends EventType = EventType> {
  /** µs since the Unix epoch; greater than that of any event before, also across restarts. */
  stamp: number;
  type: Type;
  /** Absent if it concerns the whole node. */
  stream?: string;
  data: EventData[Type];
}

/** Tells an event to whom it concerns; never throws. */
export type Emit = <Type extends EventType>(
  type: Type,
  data: EventData[Type],
  stream?: string,
) => void;

const PREFIX = 'evt_';

/** The id of an event for clients: unique, and increasing with time. */
export function eventId(stamp: number): string {
  return `${PREFIX}${stamp}`;
}

/** The stamp of an event's id. @returns undefined if it is none */
export function stampOf(id: string): number | undefined {
  const [, digits] = /^evt_(\d{1,16})$/.exec(id) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** An event as JSON: the body of a webhook, and the data of a server-sent event. */
export function eventJson({ stamp, type, stream, data }: RecorderEvent, node: string): string {
  const timestamp = new Date(stamp / 1000).toISOString();
  return JSON.stringify({ id: eventId(stamp), type, timestamp, node, stream, data });
}
