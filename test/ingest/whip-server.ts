import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { statusOf } from '../../src/http/errors.ts';
import {
  type CloseReason,
  type PublishSink,
  WhipSession,
  type WhipSessionOptions,
} from '../../src/ingest/whip-session.ts';
import type { AccessUnit, TrackKind } from '../../src/media/access-unit.ts';
import { Refusal } from '../../src/refusal.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';

/** Options of a session on loopback that logs nothing. */
export const LOOPBACK: WhipSessionOptions = {
  iceAddresses: ['127.0.0.1'],
  log: { debug: () => {}, info: () => {}, warn: () => {} },
};

/** A sink that keeps what it is told, in order. */
export class RecordingSink implements PublishSink {
  events: string[] = [];
  units: Record<TrackKind, AccessUnit[]> = { video: [], audio: [] };
  senderReports = 0;
  closed: { reason: CloseReason; error: Error | undefined; atMs: number }[] = [];

  onConnected(): void {
    this.events.push('connected');
  }
  onAccessUnit(section: MediaSection, unit: AccessUnit): void {
    if (this.units[section.kind].length === 0) this.events.push(`first ${section.kind}`);
    this.units[section.kind].push(unit);
  }
  onSenderReport(): void {
    this.senderReports++;
  }
  onTrackRestart(): void {}
  onGoodbye(): void {}
  onClosed(reason: CloseReason, error?: Error): void {
    this.events.push('closed');
    this.closed.push({ reason, error, atMs: performance.now() });
  }
}

/** A WHIP endpoint with nothing behind it but sessions and their sinks; serves a page at `/`. */
export interface WhipServer {
  whipUrl: string;
  pageUrl: string;
  sessions: WhipSession[];
  sinks: RecordingSink[];
}

/** Listens on loopback until the test is over. */
export async function listenWhip(
  t: Test,
  options: Partial<WhipSessionOptions> = {},
): Promise<WhipServer> {
  const sessions: WhipSession[] = [];
  const sinks: RecordingSink[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      response.writeHead(error instanceof Refusal ? statusOf(error) : 500);
      response.end(String(error.message));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>WHIP</title>');
    } else if (request.method === 'POST') {
      const sink = new RecordingSink();
      const session = await WhipSession.accept(body, { ...LOOPBACK, ...options }, sink);
      sessions.push(session);
      sinks.push(sink);
      response.writeHead(201, {
        'content-type': 'application/sdp',
        location: `/whip/${session.id}`,
        etag: `"${session.etag}"`,
      });
      response.end(session.answer);
    } else {
      const session = sessions.find(({ id }) => request.url === `/whip/${id}`);
      if (session === undefined) {
        response.writeHead(404).end();
      } else if (request.method === 'DELETE') {
        await session.close('client');
        response.writeHead(200).end();
      } else if (session.isIceRestart(body)) {
        const { fragment, etag } = await session.restartIce(body);
        response.writeHead(200, {
          'content-type': 'application/trickle-ice-sdpfrag',
          etag: `"${etag}"`,
        });
        response.end(fragment);
      } else {
        await session.trickle(body);
        response.writeHead(204).end();
      }
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    await Promise.all(sessions.map((session) => session.close('shutdown')));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const pageUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { whipUrl: `${pageUrl}whip`, pageUrl, sessions, sinks };
}

export { untilTrue as until } from '../server/until.ts';
