import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** What happens to a call instead of an honest answer. */
export type Fault =
  | { status: number; code?: string; headers?: Record<string, string> }
  /** The connection is reset before an answer. */
  | 'reset'
  /** Nothing is ever answered. */
  | 'silence'
  /** The head and half of the body come, then nothing. */
  | 'stall'
  /** The head and half of the body come, then the connection ends. */
  | 'cut'
  /** One bit of the request body is turned. */
  | 'tamper';

/** An HTTP server on loopback in front of another. */
export interface FaultProxy {
  endpoint: string;
  port: number;
  /** Decides over each call; undefined lets it pass. */
  fault: (call: IncomingMessage) => Fault | undefined;
  /** A header that is taken out of each answer, lower case. */
  withoutAnswerHeader?: string;
  /** `METHOD /path?query` of each call. */
  calls: string[];
}

/** Puts a proxy before a server; it ends with the test. Host headers pass, so signatures hold. */
export async function startFaultProxy(t: Test, upstreamPort: number): Promise<FaultProxy> {
  const proxy: FaultProxy = { endpoint: '', port: 0, fault: () => undefined, calls: [] };
  const server = createServer((call, answer) => {
    proxy.calls.push(`${call.method} ${call.url}`);
    handle(call, answer, proxy, upstreamPort).catch(() => answer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  proxy.port = (server.address() as AddressInfo).port;
  proxy.endpoint = `http://127.0.0.1:${proxy.port}`;
  return proxy;
}

async function handle(
  call: IncomingMessage,
  answer: ServerResponse,
  proxy: FaultProxy,
  port: number,
): Promise<void> {
  const fault = proxy.fault(call);
  if (fault === 'reset') {
    call.socket.resetAndDestroy();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (fault === 'silence') return;
  if (typeof fault === 'object') {
    refuse(call, answer, fault);
    return;
  }
  if (fault === 'tamper') body[0] = (body[0] ?? 0) ^ 1;
  pass(call, answer, body, fault, port, proxy.withoutAnswerHeader);
}

function refuse(
  call: IncomingMessage,
  answer: ServerResponse,
  fault: { status: number; code?: string; headers?: Record<string, string> },
): void {
  const xml = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>as told</Message></Error>`;
  answer.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers });
  answer.end(fault.code === undefined || call.method === 'HEAD' ? '' : xml);
}

function pass(
  call: IncomingMessage,
  answer: ServerResponse,
  body: Buffer,
  fault: 'stall' | 'cut' | 'tamper' | undefined,
  port: number,
  withoutHeader: string | undefined,
): void {
  const { method, url: path, headers } = call;
  const asked = request({ host: '127.0.0.1', port, method, path, headers }, (upstream) => {
    const raw = upstream.rawHeaders;
    const kept = raw.filter((_, i) => raw[i - (i % 2)]?.toLowerCase() !== withoutHeader);
    answer.writeHead(upstream.statusCode ?? 502, kept);
    if (fault !== 'stall' && fault !== 'cut') {
      upstream.pipe(answer);
      return;
    }
    const half = Math.floor(Number(upstream.headers['content-length']) / 2);
    upstream.once('readable', () => {
      answer.write(upstream.read(half) ?? upstream.read(), () => {
        if (fault === 'cut') answer.destroy();
      });
    });
  });
  asked.once('error', () => answer.destroy());
  asked.end(body);
}
