/** An ICE server to announce in `Link` headers (RFC 9725 §4.6). */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}
