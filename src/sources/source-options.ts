/** A Live777 node, or a Liveman for all of its cluster, whose streams we pull. */
export interface NodeSourceConfig {
  /** Base address, without a trailing slash. */
  url: string;
  token?: string;
}

/** One stream of any WHEP server. */
export interface WhepSourceConfig {
  /** Address of the WHEP endpoint; may carry a secret in its query. */
  whep: string;
  /** What the stream is called here. */
  stream: string;
  token?: string;
}

/** Where streams are pulled from: one `[[recorder.sources]]`. */
export type SourceConfig = NodeSourceConfig | WhepSourceConfig;

/** The part of all streams that this recorder takes care of, among several that share a cluster. */
export interface ShardConfig {
  /** Which of the recorders this is, from 0. */
  index: number;
  /** How many recorders there are. */
  count: number;
}
