import type { RecordFacts } from './record-facts.ts';
import type { Segment } from './segment.ts';

/**
 * What a recording tells once it has happened, in the order in which it happened: files are durable
 * before they are told of. It goes by one callback from the recording to index, catalogue and spool,
 * and crosses the border of a worker thread as it is, so it is plain data.
 */
export type RecordingFact = SegmentFact | InitializationFact | ManifestFact | RecordFact;

/** A segment is durable. */
export interface SegmentFact {
  type: 'segment';
  segment: Segment;
}

/** An initialization segment is durable. */
export interface InitializationFact {
  type: 'initialization';
  /** Object path. */
  path: string;
}

/** A manifest was written. */
export interface ManifestFact {
  type: 'manifest';
  /** Object path. */
  path: string;
  /** Object paths of the segments that it is the first to name. */
  segments: string[];
}

/** A record began or ended. */
export interface RecordFact {
  type: 'record';
  record: RecordFacts;
}

/** Takes facts; must not throw. */
export type FactListener = (fact: RecordingFact) => void;
