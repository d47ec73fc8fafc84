import type { IceServer } from '../ingest/ice-server.ts';

/** `Link` header values that announce ICE servers to a publisher (RFC 9725 §4.6), one per URL. */
export function iceLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) => {
      const link = `<${url}>; rel="ice-server"`;
      if (username === undefined) return link;
      const secret = `; username=${quoted(username)}; credential=${quoted(credential ?? '')}`;
      return `${link}${secret}; credential-type="password"`;
    }),
  );
}

/** A quoted string (RFC 9110 §5.6.4). */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
