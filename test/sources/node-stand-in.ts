import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A session as Live777 writes it. */
export interface SessionJson {
  id: string;
  createdAt: number;
  leaveAt: number;
  state: string;
  cascade?: { sourceUrl?: string; targetUrl?: string; sessionUrl?: string };
  hasDataChannel: boolean;
}

/** A stream as Live777 writes it. */
export interface StreamJson {
  id: string;
  createdAt: number;
  publish: { leaveAt: number; sessions: SessionJson[] };
  subscribe: { leaveAt: number; sessions: SessionJson[] };
  codecs: { kind: string; codec: string; fmtp: string }[];
  provisioned: boolean;
  onDemand: boolean;
  stats: { publish: { bytes: number; packets: number; bitrate: number } };
}

/** A session, connected unless told otherwise. */
export function session(id: string, more: Partial<SessionJson> = {}): SessionJson {
  return { id, createdAt: 1, leaveAt: 0, state: 'connected', hasDataChannel: false, ...more };
}

/** A stream with these publishers' sessions, by default one that is connected. */
export function stream(
  id: string,
  publish: SessionJson[] = [session(`${id}-publisher`)],
  more: Partial<StreamJson> = {},
): StreamJson {
  return {
    id,
    createdAt: 1,
    publish: { leaveAt: 0, sessions: publish },
    subscribe: { leaveAt: 0, sessions: [] },
    codecs: [{ kind: 'video', codec: 'H264', fmtp: '' }],
    provisioned: false,
    onDemand: false,
    stats: { publish: { bytes: 0, packets: 0, bitrate: 0 } },
    ...more,
  };
}

/** Answers a request its own way. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers that nodes give that are in trouble, or are no nodes. */
export const answers = {
  status:
    (status: number): Answer =>
    (_request, response) =>
      response.writeHead(status).end(),
  text:
    (text: string, type = 'application/json'): Answer =>
    (_request, response) =>
      response.writeHead(200, { 'content-type': type }).end(text),
  hang: (() => {}) as Answer,
  /** Begins, and sends nothing. */
  openAndHang: ((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  }) as Answer,
};

/** The two calls of a Live777 node that tell what it has, on loopback. */
export class NodeStandIn {
  streams: StreamJson[] = [];
  token: string | undefined;
  /** In place of the node's own answer. */
  onList: Answer | undefined;
  onEvents: Answer | undefined;
  /** How often each was called. */
  lists = 0;
  subscriptions = 0;
  /** Paths of all other requests. */
  readonly others: string[] = [];
  readonly #open = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  /** Runs until the test is over. */
  static async start(t: Test, streams: StreamJson[] = []): Promise<NodeStandIn> {
    const node = new NodeStandIn();
    node.streams = streams;
    await node.listen();
    t.teardown(() => node.stop());
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many follow the events. */
  get followers(): number {
    return this.#open.size;
  }

  /** Listens, on the port it had before if it had one. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Goes away as a process that is killed. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Changes the streams and tells all who follow. */
  show(streams: StreamJson[]): void {
    this.streams = streams;
    for (const response of this.#open) this.#send(response);
  }

  /** Ends all events, as a proxy does that has had enough. */
  endEvents(): void {
    for (const response of this.#open) response.end();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request;
    if (url === '/api/streams/') this.lists++;
    else if (url === '/api/sse/streams') this.subscriptions++;
    else this.others.push(url);
    const own = url === '/api/streams/' ? this.onList : this.onEvents;
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
    } else if (own !== undefined) {
      own(request, response);
    } else if (url === '/api/streams/') {
      response.writeHead(200, { 'content-type': 'application/json' });
      // In the order of a hash table, as the node does.
      response.end(JSON.stringify(this.streams.toReversed()));
    } else if (url === '/api/sse/streams') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      this.#open.add(response);
      response.on('close', () => this.#open.delete(response));
      this.#send(response);
    } else {
      response.writeHead(404).end();
    }
  }

  #send(response: ServerResponse): void {
    response.write(`data: ${JSON.stringify(this.streams)}\n\n`);
  }
}

export { untilTrue as until } from '../server/until.ts';
