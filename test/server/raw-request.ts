import { request } from 'node:http';

/** A body above this is held back until the server had time to refuse it by its announced length. */
const LARGE_BYTES = 65_536;
const REFUSAL_MS = 2000;

/** Reply to a {@link rawRequest}. */
export interface RawReply {
  status: number;
  body: string;
}

/**
 * Sends a request whose path goes out byte for byte: `fetch` would resolve its `..` first. Of a large
 * body only the beginning is sent when the server refuses it at once: it closes the connection then,
 * and a client that goes on sending may never get to see the reply.
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
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path, headers: { ...length, ...headers } };
    const sent = request({ ...options, agent: false }, (response) => {
      clearTimeout(timer);
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        sent.destroy();
        resolve({ status: response.statusCode!, body: text });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    const bytes = Buffer.from(body);
    sent.write(bytes.subarray(0, LARGE_BYTES));
    const finish = () => void sent.end(bytes.subarray(LARGE_BYTES));
    const timer = bytes.length > LARGE_BYTES ? setTimeout(finish, REFUSAL_MS) : undefined;
    if (timer === undefined) finish();
  });
}
