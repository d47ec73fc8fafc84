/**
 * ICE servers that a WHIP endpoint names in its `Link` header fields (RFC 9725 §4.6).
 * @param header all of them, joined by commas as `Headers.get` does
 */
export function iceServersOfLink(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, urls = '', rest = ''] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;[^,"]*(?:"[^"]*")?)*)/g,
  )) {
    const parameter = (name: string) =>
      new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;,\\s]+))`, 'i').exec(rest);
    const text = (name: string) => parameter(name)?.[1] ?? parameter(name)?.[2];
    if (text('rel') !== 'ice-server') continue;
    const [username, credential] = [text('username'), text('credential')];
    servers.push({ urls, ...(username && { username }), ...(credential && { credential }) });
  }
  return servers;
}
