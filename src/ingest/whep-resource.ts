import type { IceServer } from './ice-server.ts';
import { iceServersOf, type Link, readLinks } from './link-header.ts';
import { serverWords } from './server-words.ts';
import { WhepError, type WhepErrorKind } from './whep-error.ts';
import type { WhepTarget } from './whep-target.ts';

/** Maximum size of a reply, bytes. */
const MAX_REPLY_BYTES = 262_144;
/** Maximum number of redirects. */
const MAX_REDIRECTS = 3;
/** Timeout of requests for an existing session, ms. */
const FOLLOW_UP_TIMEOUT_MS = 3000;
/**
 * How long the reply to an aborted POST is awaited, so that the session it created can be deleted,
 * ms.
 */
const ABORTED_POST_GRACE_MS = 3000;
/** Relation of the resource for choosing layers (draft-murillo-whep §4.6.2). */
const LAYER_RELATION = 'urn:ietf:params:whep:ext:core:layer';

/** An encoding of a simulcast publisher (Live777's `Layer`). */
export interface Layer {
  encodingId: string;
}

/** A request to send. */
interface HttpRequest {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

/** A complete reply. */
interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** Its URL after redirects. */
  url: URL;
}

/**
 * The HTTP side of a WHEP session (draft-ietf-wish-whep §4): the resource that a POST created.
 * Every request has a timeout.
 */
export class WhepResource {
  /** SDP answer. */
  readonly answer: string;
  /** STUN and TURN servers that the server announced. */
  readonly iceServers: readonly IceServer[];
  /** True if the server accepts trickle ICE fragments. */
  readonly takesFragments: boolean;
  readonly #target: WhepTarget;
  readonly #url: URL;
  readonly #etag: string | null;
  readonly #layers: URL | undefined;

  /**
   * POSTs an offer.
   * @param timeoutMs for the reply; a server with an on-demand source may delay it for half a
   * minute
   * @throws WhepError of every kind; the reason of `signal` if it aborts. A session that the server
   * creates nevertheless is deleted.
   */
  static async create(
    target: WhepTarget,
    offer: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<WhepResource> {
    signal.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(timedOut()), timeoutMs);
    const posted = post(target, offer, late.signal).finally(() => clearTimeout(timer));
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const reply = await Promise.race([posted, aborted.promise]);
      return new WhepResource(target, reply);
    } catch (error) {
      if (signal.aborted) dispose(target, posted, late);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private constructor(target: WhepTarget, reply: Reply) {
    this.#target = target;
    const { headers, status, url, text } = reply;
    this.#url = resourceUrl(reply);
    this.#etag = headers.get('etag');
    this.answer = text;
    const links = readLinks(headers.get('link'));
    this.iceServers = iceServersOf(links);
    this.takesFragments = /\bapplication\/trickle-ice-sdpfrag\b/i.test(
      headers.get('accept-patch') ?? '',
    );
    this.#layers = layersUrl(links, url);
    const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== undefined && type !== 'application/sdp') {
      void this.delete();
      throw new WhepError(
        'bad-answer',
        `the answer is ${serverWords(type, target)}, not application/sdp`,
        { status },
      );
    }
  }

  /** Sends a trickle ICE fragment (RFC 8840). @throws WhepError */
  async patch(fragment: string): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/trickle-ice-sdpfrag' };
    if (this.#etag !== null) headers['if-match'] = this.#etag;
    await this.#request('PATCH', this.#url, headers, fragment);
  }

  /** The available encodings; empty if the server offers no choice. @throws WhepError */
  async layers(): Promise<Layer[]> {
    if (this.#layers === undefined) return [];
    const { text } = await this.#request('GET', this.#layers, { accept: 'application/json' });
    return readLayers(text);
  }

  /** Chooses an encoding. @throws WhepError */
  async selectLayer(layer: Layer): Promise<void> {
    if (this.#layers === undefined) {
      throw new WhepError('not-found', 'the server does not offer layers to select');
    }
    const headers = { 'content-type': 'application/json' };
    await this.#request('POST', this.#layers, headers, JSON.stringify(layer));
  }

  /** Ends the session at the server. No error if the server is gone or no longer knows it. */
  async delete(): Promise<void> {
    await this.#request('DELETE', this.#url, {}).catch(() => {});
  }

  async #request(
    method: string,
    url: URL,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Reply> {
    const signal = AbortSignal.timeout(FOLLOW_UP_TIMEOUT_MS);
    const reply = await send(this.#target, url, { method, headers, signal, ...(body && { body }) });
    if (reply.status < 200 || reply.status > 299) throw refusal(method, reply, this.#target);
    return reply;
  }
}

/**
 * The reason with which a request that takes too long is aborted, the same as that of
 * `AbortSignal.timeout`.
 */
function timedOut(): DOMException {
  return new DOMException('no reply in time', 'TimeoutError');
}

async function post(target: WhepTarget, offer: string, signal: AbortSignal): Promise<Reply> {
  const url = endpointUrl(target);
  const headers = { 'content-type': 'application/sdp', accept: 'application/sdp' };
  const reply = await send(target, url, { method: 'POST', headers, body: offer, signal });
  if (reply.status !== 201) throw refusal('POST', reply, target);
  return reply;
}

/** Deletes what an aborted POST may still create. */
function dispose(target: WhepTarget, posted: Promise<Reply>, late: AbortController): void {
  const timer = setTimeout(() => late.abort(), ABORTED_POST_GRACE_MS);
  posted
    .then((reply) => {
      const signal = AbortSignal.timeout(FOLLOW_UP_TIMEOUT_MS);
      return send(target, resourceUrl(reply), { method: 'DELETE', headers: {}, signal });
    })
    // Nothing was created, or the server is gone.
    .catch(() => {})
    .finally(() => clearTimeout(timer));
}

function endpointUrl({ url }: WhepTarget): URL {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new WhepError(
      'refused',
      `an address of ${parsed?.protocol ?? 'no scheme'} is not an http or https URL`,
    );
  }
  return parsed;
}

/**
 * Sends a request, follows redirects and reads the reply. @throws WhepError `refused`, `timeout`,
 * `server`
 */
async function send(target: WhepTarget, url: URL, request: HttpRequest): Promise<Reply> {
  const home = endpointUrl(target).origin;
  let at = url;
  try {
    for (let redirects = 0; ; redirects++) {
      const headers = { ...request.headers };
      if (target.token !== undefined && at.origin === home) {
        headers.authorization = `Bearer ${target.token}`;
      }
      const response = await fetch(at, { ...request, headers, redirect: 'manual' });
      const text = await readText(response);
      const { status } = response;
      // RFC 9110 §15.4.8, §15.4.9: the redirects that preserve method and body.
      const location = status === 307 || status === 308 ? response.headers.get('location') : null;
      const next = location === null ? null : URL.parse(location, at);
      if (next === null) return { status, headers: response.headers, text, url: at };
      if (redirects === MAX_REDIRECTS || !/^https?:$/.test(next.protocol)) {
        throw new WhepError('server', `${at.origin} redirects too often or elsewhere`, { status });
      }
      at = next;
    }
  } catch (error) {
    throw connectionError(error, request.method, at);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_REPLY_BYTES) {
      throw new WhepError('server', `the reply is longer than ${MAX_REPLY_BYTES} bytes`, {
        status: response.status,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function connectionError(error: unknown, method: string, url: URL): unknown {
  if (error instanceof WhepError) return error;
  const { name } = error as Error;
  if (name === 'TimeoutError') {
    return new WhepError('timeout', `${method} ${url.origin}: no reply in time`, { cause: error });
  }
  if (name === 'AbortError') return error;
  // fetch puts the actual error into the cause.
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const why = cause?.code ?? cause?.message ?? (error as Error).message;
  return new WhepError('refused', `${method} ${url.origin}: ${why}`, { cause: error });
}

const KINDS: Record<number, WhepErrorKind> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  410: 'not-found',
  504: 'timeout',
};

function refusal(method: string, { status, text, url }: Reply, target: WhepTarget): WhepError {
  const said = serverWords(text, target);
  const message = `${method} ${url.origin}${url.pathname}: ${status}${said === '' ? '' : `: ${said}`}`;
  return new WhepError(KINDS[status] ?? 'server', message, { status });
}

function resourceUrl({ headers, url, status }: Reply): URL {
  const location = headers.get('location');
  const resource = location === null ? null : URL.parse(location, url);
  if (resource === null || !/^https?:$/.test(resource.protocol)) {
    throw new WhepError('bad-answer', 'the reply has no Location of the session', { status });
  }
  return resource;
}

function layersUrl(links: readonly Link[], base: URL): URL | undefined {
  const link = links.find(({ relations }) => relations.includes(LAYER_RELATION));
  const url = link && URL.parse(link.target, base);
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

function readLayers(text: string): Layer[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new WhepError('server', 'the list of layers is not JSON');
  }
  if (!Array.isArray(json)) return [];
  return json.flatMap((layer) => {
    const id: unknown = layer?.encodingId;
    return typeof id === 'string' ? [{ encodingId: id }] : [];
  });
}
