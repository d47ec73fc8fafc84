import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import { StreamsQuery } from '../../../src/http/live777-json.ts';
import { StreamSnapshots } from '../../../src/http/stream-snapshots.ts';

const POLL_MS = 1000;
const KEEP_ALIVE_MS = 15_000;
const STALL_MS = 60_000;
const MAX_CLIENTS = 100;
const MAX_PER_ADDRESS = 32;
const TOO_MANY = `no more than ${MAX_CLIENTS} may listen at a time, ${MAX_PER_ADDRESS} of them from one address`;
/** Liveman waits as long on its own. */
const RETRY_AFTER_SECONDS = 5;

/** Changes of streams, for Liveman and for consoles. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const { recorder, log } = app;
  const { tokens, secret } = app.config.auth;
  const hasTokens = tokens.length > 0 || secret !== undefined;
  const snapshots = new StreamSnapshots({
    recorder,
    log,
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

  app.get(
    '/streams',
    {
      // The headers alone would be asked for by nobody, and would leave a reply without an end.
      exposeHeadRoute: false,
      schema: {
        tags: ['live777'],
        operationId: 'followLive777Streams',
        summary: 'Follow the published streams, in the format of Live777',
        description:
          'Server-sent events. The data of each event is what `GET /api/streams/` returns. One event is sent immediately, and one after each change; comments keep the connection open in between.',
        querystring: StreamsQuery,
        response: {
          200: {
            description: 'An endless stream of events.',
            content: {
              'text/event-stream': {
                schema: Type.String({
                  examples: [
                    'data: [{"id":"cam1","createdAt":1753315199500,"publish":{"leaveAt":0,"sessions":[]},"subscribe":{"leaveAt":0,"sessions":[]},"codecs":[]}]\n\n',
                  ],
                }),
              },
            },
          },
          503: errorReply(
            'Too many clients are connected already, or the recorder is stopping.',
            TOO_MANY,
          ),
        },
      },
    },
    async (request, reply) => {
      const events = snapshots.subscribe(request.query.streams, {
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
      return reply.send(events as never);
    },
  );
};

export default plugin;
