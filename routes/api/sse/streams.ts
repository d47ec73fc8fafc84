import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import '../../../src/http/decorators.ts';
import { endlessEventsReplies } from '../../../src/http/event-stream-replies.ts';
import { live777Streams, StreamsQuery } from '../../../src/http/live777-json.ts';
import { snapshotReplies } from '../../../src/http/snapshot-replies.ts';

/** Changes of streams, for Liveman. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const replyTo = snapshotReplies(app, (statuses, named) =>
    JSON.stringify(live777Streams(statuses, named)),
  );

  app.get(
    '/streams',
    {
      // A HEAD request would leave a reply that never ends, and nobody needs one.
      exposeHeadRoute: false,
      schema: {
        tags: ['live777'],
        operationId: 'followLive777Streams',
        summary: 'Follow the published streams, in the format of Live777',
        description:
          'Server-sent events. The data of each event is what `GET /api/streams/` returns. One event is sent immediately, and one after each change; comments keep the connection open in between.',
        querystring: StreamsQuery,
        response: {
          ...endlessEventsReplies(
            'data: [{"id":"cam1","createdAt":1753315199500,"publish":{"leaveAt":0,"sessions":[]},"subscribe":{"leaveAt":0,"sessions":[]},"codecs":[]}]\n\n',
          ),
        },
      },
    },
    (request, reply) => replyTo(request, reply, request.query.streams) as never,
  );
};

export default plugin;
