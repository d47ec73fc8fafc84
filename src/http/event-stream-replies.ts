import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { needsToken } from './auth.ts';
import './decorators.ts';
import { errorReply, RequestError } from './errors.ts';
import type { EventStream } from './event-stream.ts';
import { EventStreams } from './event-streams.ts';

const KEEP_ALIVE_MS = 15_000;
const STALL_MS = 60_000;
const MAX_CLIENTS = 100;
const MAX_PER_ADDRESS = 32;
/** Liveman waits for the same time by itself. */
const RETRY_AFTER_SECONDS = 5;

/** The reply to a client that exceeds the limits. */
const TOO_MANY = `at most ${MAX_CLIENTS} clients may be connected at a time, ${MAX_PER_ADDRESS} of them from one address`;

/**
 * Documents an endless reply of server-sent events in a route's schema.
 * @param example one event, as it is sent
 */
export function endlessEventsReplies(example: string) {
  return {
    200: eventsReply('An endless stream of events.', example),
    503: errorReply(
      'Too many clients are connected already, or the recorder is stopping.',
      TOO_MANY,
    ),
  };
}

/** The same for a reply that ends by itself. */
export function endingEventsReplies(example: string) {
  return {
    200: eventsReply('A stream of events.', example),
    503: errorReply('Too many clients are connected already.', TOO_MANY),
  };
}

function eventsReply(description: string, example: string) {
  const schema = Type.String({ examples: [example] });
  return { description, content: { 'text/event-stream': { schema } } };
}

/** Makes the replies of server-sent events available to routes, and ends them with the server. */
export function registerEventStreams(app: FastifyInstance): void {
  const streams = new EventStreams({
    keepAliveMs: KEEP_ALIVE_MS,
    stallMs: STALL_MS,
    maxClients: MAX_CLIENTS,
    maxPerAddress: MAX_PER_ADDRESS,
    // Without tokens, Liveman cannot be identified, so no new client is refused.
    replacesOldest: () => !needsToken(app.config.auth),
  });
  app.decorate('eventStreams', streams);
  // Fastify waits for open replies before it closes; these never end by themselves.
  app.addHook('preClose', async () => streams.close());
}

/**
 * Begins a reply of server-sent events; the caller sends its `body`.
 * @throws RequestError 503 if there are too many clients
 */
export function openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream {
  const app = request.server;
  const stream = app.eventStreams.open({
    address: request.ip,
    isTrusted: needsToken(app.config.auth) && app.authorizer.callerOf(request)?.stream === '*',
  });
  if (stream === undefined) {
    reply.header('Retry-After', RETRY_AFTER_SECONDS);
    throw new RequestError(503, TOO_MANY);
  }
  reply.headers({
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    // nginx would buffer the events otherwise.
    'X-Accel-Buffering': 'no',
  });
  return stream;
}
