import { RESERVED_IDS } from '../layout/stream-folder.ts';

/** Routes whose last parameter is the name of a stream: nothing else lies below them. */
const STREAM_ROUTE = new RegExp(
  `^/(?:whip|api/playback|api/record(?!/(?:${[...RESERVED_IDS].join('|')})(?:/|$)))/(?=[^/])`,
);

/** Routes that are about no single stream; that of objects takes a path of files. */
const OTHER_ROUTE = /^\/api\/(?!record\/object\/)/;

/** What can be asked for of a recorded stream: the last part of an address below `/api/playback/`. */
const PLAYBACK_RESOURCES: ReadonlySet<string> = new Set([
  ...['manifest.mpd', 'index.m3u8', 'video.m3u8', 'audio.m3u8'],
  ...['export.mp4', 'export.webm', 'picture'],
]);
const PLAYBACK = '/api/playback/';

/** Below it come the name of a stream and the id of its publisher's session, which has no slash. */
const SESSION = '/session/';

/**
 * Makes the name of a stream one part of the address, whatever slashes it has: people type
 * `/whip/site1/cam2`, and proxies that strip a prefix (nginx) send `%2F` on as a slash. Not done below
 * `/api/streams/`, where Live777 has resources of a stream.
 * @param url target of a request, in origin form (RFC 9112 §3.2.1)
 * @returns the target that the routes know, without a slash at its end
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
  if (!path.startsWith(SESSION))
    return OTHER_ROUTE.test(path) ? withoutTrailingSlash(path) + rest : url;
  const below = withoutTrailingSlash(path.slice(SESSION.length));
  const at = below.lastIndexOf('/');
  if (at < 0) return url;
  return `${SESSION}${below.slice(0, at).replaceAll('/', '%2F')}${below.slice(at)}${rest}`;
}

/**
 * What is asked for of a stream, with the slash before it; empty where it is the stream's records. A
 * stream whose own name ends in one of these words is asked for with its last slash as `%2F`.
 */
function playbackResource(path: string): string {
  const at = path.lastIndexOf('/');
  return at > 0 && PLAYBACK_RESOURCES.has(path.slice(at + 1)) ? path.slice(at) : '';
}

/**
 * What leads from an address to the root of this service, relative, so that it also holds below a path
 * prefix which a proxy takes away and we never see: `../` for each folder.
 * @param requestUrl the request's target as it came, before {@link withOneStreamPart}
 */
export function rootFrom(requestUrl: string): string {
  return '../'.repeat(requestUrl.split(/[?#]/, 1)[0]!.split('/').length - 2);
}

/**
 * Address of a session relative to that of the request that made it (RFC 9110 §10.2.2), so that it
 * also holds below a path prefix which a proxy takes away and we never see.
 * @param requestUrl the request's target as it came, before {@link withOneStreamPart}
 * @param prefix the path below which a proxy that we trust says it serves us, as `/rec`. Then the
 * address begins with it, since not all clients resolve `..` (OBS does not)
 */
export function sessionAddress(
  requestUrl: string,
  stream: string,
  sessionId: string,
  prefix?: string,
): string {
  const path = `session/${encodeURIComponent(stream)}/${encodeURIComponent(sessionId)}`;
  if (prefix !== undefined) return `${prefix}/${path}`;
  return rootFrom(requestUrl) + path;
}

// Looks behind, or each slash within would be tried as the first of the last ones.
function withoutTrailingSlash(text: string): string {
  return text.replace(/(?<!\/)\/+$/, '');
}
