import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Test } from 'tap';
import { PAGE_POLICY } from '../../src/http/security-headers.ts';

const WEB = join(import.meta.dirname, '../../web');
const DIST = join(WEB, 'dist');
/** The policy with which the recorder sends the console. */
const POLICY = Object.entries(PAGE_POLICY)
  .map(([directive, sources]) => [directive, ...sources].join(' '))
  .join(';');
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** One request that the console made of the recorder, in the order of arrival. */
export interface SeenRequest {
  method: string;
  /** Address as sent: still percent-encoded. */
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What the stub answers; a body that is neither text nor a stream is sent as JSON. */
export interface CannedReply {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Stands in for the recorder, so that the console can be shown what a test wants it to see. */
export interface RecorderStub {
  url: string;
  /** All requests but those for the console's own files. */
  requests: SeenRequest[];
  /** Answers by `METHOD path`; by default the stream list is empty, the storage well,
   * every codec recorded, all else is 404. */
  replies: Map<string, CannedReply | ((request: SeenRequest) => Promise<CannedReply>)>;
  /** The first request that matches, of those that came or are still to come. */
  request(matches: (request: SeenRequest) => boolean): Promise<SeenRequest>;
}

/** Serves the console on a free loopback port until the test ends. */
export async function startRecorderStub(t: Test): Promise<RecorderStub> {
  const requests: SeenRequest[] = [];
  const arrivals = new EventEmitter();
  const replies: RecorderStub['replies'] = new Map([
    ['GET /api/recorder/streams', { status: 200, body: [] }],
    [
      'GET /api/info',
      { status: 200, body: { codecs: ['h264', 'h265', 'av1', 'vp9', 'vp8', 'opus'] } },
    ],
    ['GET /api/storage', { status: 200, body: { type: 'fs', name: '/r', state: 'ok' } }],
  ]);
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const path = /^\/(\?|$)/.test(url) ? '/index.html' : url;
    if (method === 'GET' && TYPES[extname(path)] !== undefined && !path.startsWith('/api/')) {
      response.setHeader('Content-Type', TYPES[extname(path)]!);
      response.setHeader('Content-Security-Policy', POLICY);
      response.end(await consoleFile(path));
      return;
    }
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const seen = { method, url, headers: request.headers, body };
    requests.push(seen);
    arrivals.emit('request');
    const canned = replies.get(`${method} ${url}`) ?? {
      status: 404,
      body: { message: `nothing at ${url}` },
    };
    const reply = typeof canned === 'function' ? await canned(seen) : canned;
    if (reply.body instanceof Readable) {
      response.writeHead(reply.status, reply.headers);
      reply.body.pipe(response);
      return;
    }
    const isText = typeof reply.body === 'string';
    response.writeHead(reply.status, {
      ...(reply.body !== undefined && {
        'Content-Type': isText ? 'text/plain' : 'application/json',
      }),
      ...reply.headers,
    });
    response.end(isText ? reply.body : reply.body && JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, requests, replies, request };

  async function request(matches: (seen: SeenRequest) => boolean): Promise<SeenRequest> {
    for (;;) {
      const found = requests.find(matches);
      if (found !== undefined) return found;
      await once(arrivals, 'request');
    }
  }
}

/** A file as it was built; a module of the source, which a test imports by itself, without its types. */
async function consoleFile(path: string): Promise<string | Buffer> {
  if (!path.startsWith('/src/')) return readFile(join(DIST, path));
  return stripTypeScriptTypes(await readFile(join(WEB, path), 'utf8'));
}
