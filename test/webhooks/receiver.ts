import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** A message that a receiver got, and that the library of the specification has verified. */
export interface Message {
  id: string;
  type: string;
  stream?: string;
  headers: IncomingHttpHeaders;
}

/** A real receiver, which verifies each message with the published library. */
export class Receiver {
  readonly port: number;
  /** What it has accepted. */
  readonly accepted: Message[] = [];
  /** Number of requests, whatever was answered. */
  requests = 0;
  /** The status that a message is answered with; 204 by default. */
  answer: (message: Message) => number | { status: number; headers: Record<string, string> } = () =>
    204;
  readonly #verifier: Webhook;
  #server: Server | undefined;

  private constructor(port: number, secret: string) {
    this.port = port;
    this.#verifier = new Webhook(secret);
  }

  /** A receiver whose port is free, and nobody listens there. */
  static async down(secret: string): Promise<Receiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return new Receiver(port, secret);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?key=hidden`;
  }

  async start(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      this.requests++;
      const body = await text(request);
      let answer: ReturnType<Receiver['answer']> = 401;
      let message: Message | undefined;
      try {
        const event = this.#verifier.verify(body, request.headers as Record<string, string>);
        message = { ...(event as Message), headers: request.headers };
        answer = this.answer(message);
      } catch (error) {
        console.error(error);
      }
      const { status, headers } =
        typeof answer === 'number' ? { status: answer, headers: {} } : answer;
      if (message !== undefined && status < 300) this.accepted.push(message);
      response.writeHead(status, headers).end('what nobody reads');
    }).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** Streams of what was accepted, in order. */
  get streams(): (string | undefined)[] {
    return this.accepted.map(({ stream }) => stream);
  }
}
