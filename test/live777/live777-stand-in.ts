import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StandInStream, type StandInStreamOptions } from './stand-in-stream.ts';
import type { StreamJson } from './stream-json.ts';
import type { WhepPeerOptions } from './whep-peer.ts';

/** How a stand-in behaves. */
export interface StandInOptions {
  /** TCP port on loopback; any free one by default. */
  port?: number;
  /** Bearer tokens, one of which is asked for; none by default. */
  tokens?: string[];
  /** How long a session that ended stays in the lists, ms; 30 000 by default, as Live777's. */
  lingerMs?: number;
  /** How often statistics change, ms; 2000 by default, as Live777's. */
  statisticsMs?: number;
  /** How WHEP offers are answered. */
  peer?: Omit<WhepPeerOptions, 'kinds'>;
  /** What is wrong with an offer, answered with 400; nothing by default. */
  refusal?: (offer: string) => string | undefined;
  /** `Link` header values of WHEP replies, such as ICE servers. */
  links?: string[];
}

/** What was asked of a stand-in. */
export interface StandInCounts {
  listRequests: number;
  sseRequests: number;
  whepPosts: number;
  /** POSTs to `/whep` for streams that were not live: a real node creates these streams. */
  strayWhepPosts: number;
  deletes: number;
  unauthorized: number;
}

/**
 * A Live777 node as far as a subscriber can tell (as of Live777 0.9): the list of streams, the same
 * over SSE, WHEP with ICE-lite, layers, and the ways in which a node goes wrong. Its streams come from
 * the clip fixtures. It listens on loopback only.
 */
export class Live777StandIn {
  readonly counts: StandInCounts = {
    listRequests: 0,
    sseRequests: 0,
    whepPosts: 0,
    strayWhepPosts: 0,
    deletes: 0,
    unauthorized: 0,
  };
  /** Bodies of the PATCHes of sessions. */
  readonly fragments: string[] = [];
  readonly #options: StandInOptions;
  readonly #streams = new Map<string, StandInStream>();
  readonly #events = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;
  #timer: NodeJS.Timeout | undefined;
  #holdMs = 0;
  #hangs = false;
  #refusesSse = false;
  #stallsSse = false;
  #unauthorized = false;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  /** Starts a node. */
  static async listen(options: StandInOptions = {}): Promise<Live777StandIn> {
    const node = new Live777StandIn(options);
    await node.restart();
    return node;
  }

  /** Base address, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Somebody publishes a stream from now on. */
  publish(id: string, options: StandInStreamOptions = {}): StandInStream {
    const stream = this.#stream(id);
    stream.publish(options);
    return stream;
  }

  /** The publisher of a stream leaves; its subscribers are left without media. */
  endStream(id: string): void {
    this.stream(id).unpublish();
  }

  /** A stream that was published or created. @throws Error for one that never was */
  stream(id: string): StandInStream {
    const stream = this.#streams.get(id);
    if (stream === undefined) throw new Error(`the stand-in has no stream ${JSON.stringify(id)}`);
    return stream;
  }

  /** Subscribers of a stream get no RTP, present ones and later ones. */
  mute(id: string, muted = true): void {
    this.stream(id).mute(muted);
  }

  /** WHEP POSTs are answered this much later, ms: an on-demand source takes its time. */
  hold(ms: number): void {
    this.#holdMs = ms;
  }

  /** Requests are taken and never answered. */
  hang(hangs = true): void {
    this.#hangs = hangs;
  }

  /** SSE answers 404, as behind a proxy that does not know it. */
  refuseSse(refuses = true): void {
    this.#refusesSse = refuses;
    if (refuses) this.#closeEvents();
  }

  /** SSE connections stay open and bring nothing any more. */
  stallSse(stalls = true): void {
    this.#stallsSse = stalls;
    if (!stalls) this.#changed();
  }

  /** SSE connections end, as when a proxy in between restarts. */
  cutSse(): void {
    this.#closeEvents();
  }

  /** Every token is refused. */
  unauthorize(unauthorized = true): void {
    this.#unauthorized = unauthorized;
  }

  /** The process is killed: nobody is told, and what it knew is gone. */
  async kill(): Promise<void> {
    clearInterval(this.#timer);
    const server = this.#server;
    this.#server = undefined;
    this.#events.clear();
    const closed = server && new Promise((resolve) => server.close(resolve));
    server?.closeAllConnections();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    await Promise.all([closed, ...streams.map((stream) => stream.vanish())]);
  }

  /** Starts again on the same port, without streams. */
  async restart(): Promise<void> {
    const server = createServer((request, response) => void this.#handle(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#timer = setInterval(() => this.#tick(), this.#options.statisticsMs ?? 2000);
  }

  #stream(id: string): StandInStream {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      const { lingerMs = 30_000, peer = {} } = this.#options;
      stream = new StandInStream(id, { lingerMs, peer, onChange: () => this.#changed() });
      this.#streams.set(id, stream);
      this.#changed();
    }
    return stream;
  }

  #tick(): void {
    for (const stream of this.#streams.values()) stream.countStatistics();
    this.#changed();
  }

  #snapshot(wanted: readonly string[]): StreamJson[] {
    const streams = [...this.#streams.values()];
    return streams
      .filter(({ id }) => wanted.length === 0 || wanted.includes(id))
      .map((stream) => stream.json());
  }

  #changed(): void {
    if (this.#stallsSse || this.#hangs) return;
    const data = `data: ${JSON.stringify(this.#snapshot([]))}\n\n`;
    for (const response of this.#events) response.write(data);
  }

  #closeEvents(): void {
    for (const response of this.#events) response.destroy();
    this.#events.clear();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (this.#hangs) return;
      if (!this.#isAuthorized(request)) {
        this.counts.unauthorized++;
        response.writeHead(401).end();
        return;
      }
      const url = new URL(request.url!, this.url);
      await this.#route(request, response, url, Buffer.concat(chunks).toString());
    } catch (error) {
      // As Live777 has it: whatever goes wrong is a 500 with its message.
      if (!response.headersSent) response.writeHead(500).end(String((error as Error).message));
    }
  }

  #isAuthorized({ headers }: IncomingMessage): boolean {
    if (this.#unauthorized) return false;
    const { tokens = [] } = this.#options;
    return tokens.length === 0 || tokens.some((one) => headers.authorization === `Bearer ${one}`);
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    body: string,
  ): Promise<void> {
    const [area, first, second, third] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const route = `${request.method} ${area}`;
    if (url.pathname === '/api/streams/') {
      this.counts.listRequests++;
      json(response, this.#snapshot(url.searchParams.getAll('streams')));
    } else if (url.pathname === '/api/sse/streams') {
      this.#subscribeEvents(response);
    } else if (route === 'POST whep' && first) {
      await this.#whep(request, response, first, body);
    } else if (area === 'session' && first && second) {
      const stream = this.#streams.get(first);
      if (stream === undefined) response.writeHead(404).end('session not exists');
      else if (third === 'layer') this.#layer(request, response, stream, second, body);
      else if (request.method === 'DELETE') await this.#delete(response, stream, second);
      else if (request.method === 'PATCH') {
        this.fragments.push(body);
        response.writeHead(204).end();
      }
    } else {
      response.writeHead(404).end();
    }
  }

  #subscribeEvents(response: ServerResponse): void {
    this.counts.sseRequests++;
    if (this.#refusesSse) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    this.#events.add(response);
    response.on('close', () => this.#events.delete(response));
    if (!this.#stallsSse) response.write(`data: ${JSON.stringify(this.#snapshot([]))}\n\n`);
  }

  async #whep(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    offer: string,
  ): Promise<void> {
    this.counts.whepPosts++;
    if (request.headers['content-type'] !== 'application/sdp') {
      throw new Error('Content-Type must be application/sdp');
    }
    if (this.#streams.get(id)?.isLive !== true) this.counts.strayWhepPosts++;
    if (this.#holdMs > 0) {
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      await delay(this.#holdMs, undefined, { signal: gone.signal });
    }
    const stream = this.#stream(id);
    const sessionId = randomUUID();
    const refusal = this.#options.refusal?.(offer);
    if (refusal !== undefined) {
      response.writeHead(400).end(refusal);
      return;
    }
    const peer = await stream.subscribe(sessionId, offer);
    const links = [...(this.#options.links ?? [])];
    if (stream.layers.length > 0) {
      links.push(`</session/${id}/${sessionId}/layer>; rel="urn:ietf:params:whep:ext:core:layer"`);
    }
    response.writeHead(201, {
      'content-type': 'application/sdp',
      'accept-patch': 'application/trickle-ice-sdpfrag',
      location: `/session/${id}/${sessionId}`,
      ...(links.length > 0 && { link: links }),
    });
    response.end(peer.answer);
  }

  #layer(
    request: IncomingMessage,
    response: ServerResponse,
    stream: StandInStream,
    sessionId: string,
    body: string,
  ): void {
    if (stream.layers.length === 0) throw new Error('not layers');
    if (request.method === 'GET') {
      json(
        response,
        stream.layers.map((encodingId) => ({ encodingId })),
      );
    } else {
      stream.selectedLayers.set(sessionId, JSON.parse(body).encodingId);
      response.writeHead(200).end();
    }
  }

  async #delete(response: ServerResponse, stream: StandInStream, id: string): Promise<void> {
    this.counts.deletes++;
    await stream.unsubscribe(id);
    // What a stray POST created goes with its last subscriber.
    if (stream.isOrphan) {
      this.#streams.delete(stream.id);
      this.#changed();
    }
    response.writeHead(204).end();
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
