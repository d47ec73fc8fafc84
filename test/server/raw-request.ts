import { type ClientRequest, request } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

const PIECE_BYTES = 65_536;

/** Reply to a {@link rawRequest}. */
export interface RawReply {
  status: number;
  body: string;
}

/**
 * Sends a request whose path goes out byte for byte: `fetch` would resolve its `..` first.
 * @param url base address of the service
 */
export function rawRequest(
  url: string,
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const { headers = {}, body = '' } = options;
  return new Promise((resolve, reject) => {
    let replied = false;
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      replied = true;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    if (!('content-length' in headers)) sent.setHeader('content-length', Buffer.byteLength(body));
    void sendBody(sent, Buffer.from(body), () => replied);
  });
}

/** A server may refuse a large body before it has read it: then the rest is not sent. */
async function sendBody(sent: ClientRequest, body: Buffer, done: () => boolean): Promise<void> {
  for (let at = 0; at < body.length && !done() && !sent.destroyed; at += PIECE_BYTES) {
    sent.write(body.subarray(at, at + PIECE_BYTES));
    // The turn in which a reply to what was sent so far is read.
    await turn();
  }
  if (!done()) sent.end();
}
