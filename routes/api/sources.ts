import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';

const SourceJson = Type.Object(
  {
    url: Type.String({ description: 'Address of the node, as configured.' }),
    state: Type.Enum(['connecting', 'sse', 'polling', 'unauthorized', 'unreachable'], {
      title: 'SourceState',
      description:
        'sse: followed by its events; polling: asked again and again; unauthorized: it does not accept the token; unreachable: it does not answer, or nonsense',
    }),
    since: Type.Integer({
      description: 'Since when it is in this state: milliseconds since the epoch.',
    }),
    live_streams: Type.Integer({ description: 'How many live streams it has.' }),
    error: Type.Optional(Type.String({ description: 'What went wrong last.' })),
  },
  { title: 'Source' },
);

const SourceStreamJson = Type.Object(
  {
    stream: Type.String(),
    nodes: Type.Array(Type.String(), {
      description:
        'The nodes that have it, or its own WHEP endpoint, in the order in which they are used.',
    }),
    codecs: Type.Array(Type.String(), { description: 'Empty where no node tells.' }),
  },
  { title: 'SourceStream' },
);

/** The nodes that streams are pulled from. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/sources',
    {
      schema: {
        tags: ['record'],
        operationId: 'listSources',
        summary: 'Look at the nodes that streams are pulled from',
        description:
          'How it goes with each of `[[recorder.sources]]`, and which streams are live there, whether they are recorded or not.',
        response: {
          200: Type.Object(
            { sources: Type.Array(SourceJson), streams: Type.Array(SourceStreamJson) },
            {
              title: 'Sources',
              description: 'Nodes in the order of the configuration, and streams by name.',
              examples: [
                {
                  sources: [
                    {
                      url: 'http://10.0.0.1:7777',
                      state: 'sse',
                      since: 1753315199500,
                      live_streams: 1,
                    },
                    {
                      url: 'http://10.0.0.2:7777',
                      state: 'unauthorized',
                      since: 1753315199500,
                      live_streams: 0,
                      error: 'does not accept the token (401)',
                    },
                  ],
                  streams: [
                    { stream: 'cam1', nodes: ['http://10.0.0.1:7777'], codecs: ['H264', 'opus'] },
                  ],
                },
              ],
            },
          ),
        },
      },
    },
    async () => ({
      sources: app.sources.state().map(({ url, connection, sinceMs, liveStreams, error }) => ({
        url,
        state: connection,
        since: Math.floor(sinceMs),
        live_streams: liveStreams,
        ...(error === undefined ? {} : { error }),
      })),
      streams: app.sources.streams(),
    }),
  );
};

export default plugin;
