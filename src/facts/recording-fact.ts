import type { RecordFacts } from './record-facts.ts';
import type { Segment } from './segment.ts';

/**
 * An event of a recording. Events are reported in order, and files only once they are durable. They
 * go through one callback from the recording to index, catalogue and spool, and cross a thread
 * boundary, so they are plain data.
 */
export type RecordingFact = SegmentFact | InitializationFact | ManifestFact | RecordFact;

/** A segment is durable. */
export interface SegmentFact {
  type: 'segment';
  segment: Segment;
  /**
   * When what ended it had arrived, on the clock of `uptimeUs`; absent if it was recovered, or held until its
   * times were certain.
   */
  endedUs?: number;
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

/** Receives facts; must not throw. */
export type FactListener = (fact: RecordingFact) => void;
