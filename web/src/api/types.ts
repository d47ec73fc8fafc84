import type { Static } from 'typebox';
import type { StorageJson } from '../../../src/http/storage-json.ts';
import type { FolderJson, StreamJson, TrackJson } from '../../../src/http/stream-json.ts';

// `openapi.yaml` is written from these same schemas: their static types are what a generator would
// make of it, without a file in between that could be old. Only types are imported: nothing of the
// service is in the console.

/** A stream as `GET /api/recorder/streams` lists it. */
export type StreamStatus = Static<typeof StreamJson>;

/** One track of a stream. */
export type TrackStatus = Static<typeof TrackJson>;

/** What is recorded of a stream in the folder of one UTC day. */
export type RecordedFolder = Static<typeof FolderJson>;

/** Reply of `GET /api/storage`. */
export type StorageState = Static<typeof StorageJson>;

/** Data of an event of `GET /api/recorder/events`: each stream has its newest folder alone. */
export interface RecorderEvent {
  streams: StreamStatus[];
  /** Absent where only one stream may be seen. */
  storage?: StorageState;
}
