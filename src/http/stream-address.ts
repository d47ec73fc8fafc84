import { RESERVED_IDS } from '../layout/stream-folder.ts';

/** Routes whose last parameter is the name of a stream; no other route lies below them. */
const STREAM_ROUTE = new RegExp(
  `^/(?:whip|api/playback|api/record(?!/(?:${[...RESERVED_IDS].join('|')})(?:/|$)))/(?=[^/])`,
);

/** Routes that are not about a single stream; the route for objects takes a path of files. */
const OTHER_ROUTE = /^\/api\/(?!record\/object\/)/;

/** Resources of a recorded stream: the last part of a path below `/api/playback/`. */
const PLAYBACK_RESOURCES: ReadonlySet<string> = new Set([
  ...['manifest.mpd', 'index.m3u8', 'video.m3u8', 'audio.m3u8'],
  ...['filler.m4s', 'filler-init.m4s', 'export.mp4', 'export.webm', 'picture'],
]);
const PLAYBACK = '/api/playback/';

/** Followed by the name of a stream and the id of its publisher's session, which has no slash. */
const SESSION = '/session/';

/**
 * Encodes the slashes in a stream name, so that the name is one segment of the path: people type
 * `/whip/site1/cam2`, and proxies that strip a prefix (nginx) decode `%2F`. Does nothing below
 * `/api/streams/`, where Live777 has sub-resources of a stream.
 * @param url target of a request, in origin form (RFC 9112 §3.2.1)
 * @returns the target as the routes expect it, without a trailing slash
 */
export function withOneStreamPart(url: string): string {
  const end = url.search(/[?#]/);
  const path = end < 0 ? url : url.slice(0, end);
  const rest = url.slice(path.length);
  const route = STREAM_ROUTE.exec(path)?.[0];
  if (route !== undefined) {
    const name = withoutTrailingSlash(path.slice(route.length));
    const resource = route === PLAYBACK ? playbackResource(name) : '';
    const stream = name.slice(0, name.length - resource.length);
    return route + stream.replaceAll('/', '%2F') + resource + rest;
  }
  if (!path.startsWith(SESSION)) {
    const isChanged = path.endsWith('/') && OTHER_ROUTE.test(path);
    return isChanged ? withoutTrailingSlash(path) + rest : url;
  }
  const below = withoutTrailingSlash(path.slice(SESSION.length));
  const at = below.lastIndexOf('/');
  if (at < 0) return url;
  return `${SESSION}${below.slice(0, at).replaceAll('/', '%2F')}${below.slice(at)}${rest}`;
}

/**
 * The resource of a stream with its leading slash; empty for the stream's records. For a stream
 * whose own name ends in one of these words, the last slash of the name must be encoded as `%2F`.
 */
function playbackResource(path: string): string {
  const at = path.lastIndexOf('/');
  return at > 0 && PLAYBACK_RESOURCES.has(path.slice(at + 1)) ? path.slice(at) : '';
}

/**
 * The path from a request to the root of this service, with a slash at its end, unless it is empty. It
 * is relative, `../` for each folder, and so holds below a path prefix that a proxy removes, as long as
 * the proxy does not decode `%2F`: what is one part of the path to the client is several to us then.
 * @param requestUrl the original target of the request, before {@link withOneStreamPart}
 * @param prefix the path below which a trusted proxy serves us, as `/rec`. The path then begins with it
 * instead, and holds whatever the proxy decodes
 */
export function rootFrom(requestUrl: string, prefix?: string): string {
  if (prefix !== undefined) return `${prefix}/`;
  return '../'.repeat(requestUrl.split(/[?#]/, 1)[0]!.split('/').length - 2);
}

/**
 * URL of a session, relative to that of the request that created it (RFC 9110 §10.2.2).
 * @param requestUrl the original target of the request, before {@link withOneStreamPart}
 * @param prefix as for {@link rootFrom}; some clients (OBS) do not resolve `..`
 */
export function sessionAddress(
  requestUrl: string,
  stream: string,
  sessionId: string,
  prefix?: string,
): string {
  const path = `session/${encodeURIComponent(stream)}/${encodeURIComponent(sessionId)}`;
  return rootFrom(requestUrl, prefix) + path;
}

// The look-behind avoids quadratic time on a long run of slashes.
function withoutTrailingSlash(text: string): string {
  return text.replace(/(?<!\/)\/+$/, '');
}
