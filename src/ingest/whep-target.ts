/** A WHEP endpoint and its credentials. */
export interface WhepTarget {
  /** WHEP endpoint, e.g. `http://node/whep/cam1`. */
  url: string;
  /** Bearer token; only sent to the endpoint's own origin. */
  token?: string;
}
