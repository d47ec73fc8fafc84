import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A reply as it came over the socket. */
export interface RawReply {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Sends a request over a real socket, its path exactly as it is: `inject` and `fetch` tidy it. */
export type RawRequest = (
  method: string,
  path: string,
  headers?: Record<string, string>,
  body?: string,
) => Promise<RawReply>;

/** Makes an app listen on a free loopback port. */
export async function listenRaw(app: FastifyInstance): Promise<RawRequest> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return async (method, path, headers = {}, body = '') => {
    const outgoing = request({ port, method, path, headers });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of incoming.setEncoding('utf8')) text += part;
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: text };
  };
}
