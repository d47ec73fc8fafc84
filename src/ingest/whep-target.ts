/** Where to subscribe. */
export interface WhepTarget {
  /** WHEP endpoint, e.g. `http://node/whep/cam1`. */
  url: string;
  /** Bearer token. It is sent to the endpoint's own origin alone. */
  token?: string;
}
