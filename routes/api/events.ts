import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { EVENT_TYPES } from '../../src/events/event.ts';
import { EVENT_PATTERNS, eventMatcher } from '../../src/events/event-filter.ts';
import '../../src/http/decorators.ts';
import { errorReply } from '../../src/http/errors.ts';
import { EventFollower, LOST } from '../../src/http/event-follower.ts';
import { endlessEventsReplies, openEventStream } from '../../src/http/event-stream-replies.ts';

const TYPES = Object.entries(EVENT_TYPES)
  .map(([type, meaning]) => `\`${type}\`: ${meaning}`)
  .join('; ');

/** What happens on this node. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/events',
    {
      config: {
        // A token of one stream gets the events of that stream.
        concerns: (request, stream) => {
          const { stream: asked = stream } = request.query as { stream?: string };
          return asked === stream;
        },
      },
      // A HEAD request would leave a reply that never ends, and nobody needs one.
      exposeHeadRoute: false,
      schema: {
        tags: ['record'],
        operationId: 'followEvents',
        summary: 'Follow events',
        description: `Server-sent events, as they happen. The data of each is what webhooks receive: an object with \`id\`, \`type\`, \`timestamp\` (RFC 3339), \`node\`, \`stream\` unless it concerns the whole node, and \`data\`. ${TYPES}. A client that comes back with \`Last-Event-ID\` first gets what it has missed, also after a restart of the recorder: at least the last 10,000 events are kept. If some are no longer kept, or the id is unknown, a message of the type \`${LOST}\`, which has no id, says so before the others. Comments keep the connection open. A client that reads nothing for a minute is disconnected. A token of one stream gets the events of this stream.`,
        querystring: Type.Object(
          {
            stream: Type.Optional(Type.String({ description: 'Only events of this stream.' })),
            type: Type.Optional(
              Type.Union(
                [
                  Type.Enum([...EVENT_PATTERNS]),
                  Type.Array(Type.Enum([...EVENT_PATTERNS]), { minItems: 1 }),
                ],
                { description: 'Only events of these types; `recording.*` is all of a group.' },
              ),
            ),
          },
          { additionalProperties: false },
        ),
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'The id of the last event that the client received.' }),
          ),
        }),
        response: {
          ...endlessEventsReplies(
            'id: evt_1753315200000000\ndata: {"id":"evt_1753315200000000","type":"recording.started","timestamp":"2025-07-24T00:00:00.000Z","node":"live777-node-001","stream":"cam1","data":{"record":"1753315200","start_ts":1753315200000000,"mpd_path":"cam1/2025/07/24/manifest.mpd"}}\n\n',
          ),
          400: errorReply(
            'A parameter is unknown; the message names it.',
            'query: unknown "streams"',
          ),
        },
      },
    },
    (request, reply) => {
      const { stream: asked, type = '*' } = request.query;
      const caller = app.authorizer.callerOf(request);
      const only = caller === undefined || caller.stream === '*' ? asked : caller.stream;
      const isWanted = eventMatcher([type].flat());
      const stream = openEventStream(request, reply);
      new EventFollower(app.events, stream, {
        lastId: request.headers['last-event-id'],
        concerns: (event) => isWanted(event.type) && (only === undefined || event.stream === only),
      });
      return reply.send(stream.body as never) as never;
    },
  );
};

export default plugin;
