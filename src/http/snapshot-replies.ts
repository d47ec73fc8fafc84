import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StreamStatus } from '../recorder.ts';
import './decorators.ts';
import { RequestError } from './errors.ts';
import { StreamSnapshots } from './stream-snapshots.ts';

const POLL_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const STALL_MS = 60_000;
const MAX_CLIENTS = 100;
const MAX_PER_ADDRESS = 32;
/** Liveman waits for the same time by itself. */
const RETRY_AFTER_SECONDS = 5;

/** The reply to a client that exceeds the limits. */
export const TOO_MANY = `at most ${MAX_CLIENTS} clients may be connected at a time, ${MAX_PER_ADDRESS} of them from one address`;

/**
 * Endless replies of server-sent events with snapshots of the streams, which end when the server
 * closes.
 * @param write formats a snapshot for a client that requested the named streams
 * @returns a function that sends such a reply, and throws RequestError 503 if there are too many
 * clients
 */
export function snapshotReplies(
  app: FastifyInstance,
  write: (statuses: StreamStatus[], named: string | readonly string[]) => string | Promise<string>,
): (
  request: FastifyRequest,
  reply: FastifyReply,
  named?: string | readonly string[],
) => FastifyReply {
  const { recorder, log } = app;
  const { tokens, secret } = app.config.auth;
  const hasTokens = tokens.length > 0 || secret !== undefined;
  const snapshots = new StreamSnapshots({
    recorder,
    log,
    write,
    pollMs: POLL_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    stallMs: STALL_MS,
    maxClients: MAX_CLIENTS,
    maxPerAddress: MAX_PER_ADDRESS,
    // Without tokens, Liveman cannot be identified, so no new client is refused.
    replacesOldest: !hasTokens,
  });
  // Fastify waits for open replies before it closes; these never end by themselves.
  app.addHook('preClose', async () => snapshots.close());

  return (request, reply, named) => {
    const events = snapshots.subscribe(named, {
      address: request.ip,
      isTrusted: hasTokens && app.authorizer.callerOf(request)?.stream === '*',
    });
    if (events === undefined) {
      reply.header('Retry-After', RETRY_AFTER_SECONDS);
      throw new RequestError(503, TOO_MANY);
    }
    reply.headers({
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // nginx would buffer the events otherwise.
      'X-Accel-Buffering': 'no',
    });
    return reply.send(events);
  };
}
