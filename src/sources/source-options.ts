/** A Live777 node, or a Liveman for its whole cluster, from which streams are pulled. */
export interface NodeSourceConfig {
  /** Base address, without a trailing slash. */
  url: string;
  token?: string;
}

/** A single stream of any WHEP server. */
export interface WhepSourceConfig {
  /** Address of the WHEP endpoint; its query may contain a secret. */
  whep: string;
  /** Name of the stream in this recorder. */
  stream: string;
  token?: string;
}

/** An element of `[[recorder.sources]]`. */
export type SourceConfig = NodeSourceConfig | WhepSourceConfig;

/**
 * The share of all streams for which this recorder is responsible, among several with the same
 * sources.
 */
export interface ShardConfig {
  /** Index of this recorder, from 0. */
  index: number;
  /** Number of recorders. */
  count: number;
}
