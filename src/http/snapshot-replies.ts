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
/** Liveman waits as long on its own. */
const RETRY_AFTER_SECONDS = 5;

/** What is replied to one who finds no room. */
export const TOO_MANY = `at most ${MAX_CLIENTS} clients may be connected at a time, ${MAX_PER_ADDRESS} of them from one address`;

/**
 * Endless replies of server-sent events with snapshots of the streams, which end when the server closes.
 * @param write makes the text of a snapshot for one who asked for the named streams
 * @returns sends one; throws RequestError 503 where too many listen
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
    // Where nobody has a token nobody can be told from Liveman, so no newcomer is refused.
    replacesOldest: !hasTokens,
  });
  // Before the server closes it lets replies finish: these never would.
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
      // nginx would hold events back until it has a page of them.
      'X-Accel-Buffering': 'no',
    });
    return reply.send(events);
  };
}
