import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { StreamStatus } from '../recorder.ts';
import './decorators.ts';
import { openEventStream } from './event-stream-replies.ts';
import { StreamSnapshots } from './stream-snapshots.ts';

const POLL_MS = 1000;

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
  const snapshots = new StreamSnapshots({ recorder, log, write, pollMs: POLL_MS });
  app.addHook('preClose', async () => snapshots.close());

  return (request, reply, named) => {
    const stream = openEventStream(request, reply);
    snapshots.subscribe(stream, named);
    return reply.send(stream.body);
  };
}
