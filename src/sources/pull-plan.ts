/** A place from which a stream can be pulled. */
export interface PullTarget {
  /** Address of the WHEP endpoint; its query may contain a secret. */
  url: string;
  token?: string;
  /** The node's base address, or that of the endpoint without its query: may be logged. */
  node: string;
}

/** Where to pull one stream from. */
export interface PullPlan {
  stream: string;
  /**
   * Best first, never empty: the endpoints configured for this stream, then the nodes where it is
   * published, then those that relay it. A pull from any of them may continue.
   */
  targets: PullTarget[];
  /**
   * Identifies the current publications at these targets. It changes when a publisher reconnects,
   * after which a silent session should be replaced rather than waited for. Empty if unknown.
   */
  publication: string;
}
