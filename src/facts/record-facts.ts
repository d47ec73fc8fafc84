/** A continuous recording of one stream on one UTC day. Times are µs since the Unix epoch. */
export interface RecordFacts {
  stream: string;
  /** Unix second of its start, ten digits; unique within the stream. */
  recordId: string;
  startUs: number;
  /** Absent while the record is active. */
  endUs?: number;
  /** Object path of its manifest. */
  mpdPath: string;
  status: 'Active' | 'Completed' | 'Failed';
}
