import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { WhepSessionOptions } from '../../src/ingest/whep-session.ts';

/** Options of a session on loopback that logs nothing. */
export const WHEP_LOOPBACK: WhepSessionOptions = {
  iceAddresses: ['127.0.0.1'],
  log: { debug: () => {}, info: () => {}, warn: () => {} },
};

/** A request that an endpoint got. */
export interface EndpointRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An HTTP server that answers as a test says, and remembers what it was asked. */
export interface Endpoint {
  url: string;
  requests: EndpointRequest[];
}

/** Listens on loopback until the test is over. Requests that are not answered stay open. */
export async function listenHttp(
  t: Test,
  answer: (request: EndpointRequest, response: ServerResponse) => void | Promise<void>,
): Promise<Endpoint> {
  const requests: EndpointRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method, url, headers } = incoming;
    const request = {
      method: method!,
      path: url!,
      headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    await answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers a WHEP POST. */
export function created(response: ServerResponse, answer: string, location = '/session'): void {
  response.writeHead(201, { 'content-type': 'application/sdp', location }).end(answer);
}
