/** A place from which a stream can be pulled. */
export interface PullTarget {
  /** Address of the WHEP endpoint; may carry a secret in its query. */
  url: string;
  token?: string;
  /** The node's base address, or the endpoint's without its query: fit for logs. */
  node: string;
}

/** Where to pull one stream from. */
export interface PullPlan {
  stream: string;
  /**
   * Best first, never empty: the endpoints that were configured for this stream, then the nodes
   * where it is published, then those that relay it. A pull that runs from any of them may stay
   * where it is.
   */
  targets: PullTarget[];
  /**
   * Names the present publications at these targets: it differs after a publisher came anew, when
   * a session that has fallen silent is better replaced than waited for. Empty where not known.
   */
  publication: string;
}
