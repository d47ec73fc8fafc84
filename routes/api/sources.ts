import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sourceStates } from '../../src/http/source-states.ts';

const SourceJson = Type.Object(
  {
    url: Type.String({ description: 'Address of the node or WHEP endpoint, as configured.' }),
    stream: Type.Optional(Type.String({ description: 'The one stream of a WHEP endpoint.' })),
    state: Type.Enum(
      ['connecting', 'sse', 'polling', 'connected', 'idle', 'unauthorized', 'unreachable'],
      {
        title: 'SourceState',
        description:
          'sse: a node, followed by its events; polling: a node, asked again and again; connected: a WHEP endpoint that is pulled from; idle: one that is not wanted at present; unauthorized: it does not accept the token; unreachable: it does not answer, or nonsense, or not what can be recorded',
      },
    ),
    since: Type.Integer({
      description: 'Since when it is in this state: milliseconds since the epoch.',
    }),
    live_streams: Type.Integer({ description: 'How many live streams it has.' }),
    error: Type.Optional(
      Type.String({
        description: 'What went wrong last, with it or with a stream that is pulled from it.',
      }),
    ),
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
          'How it goes with each of `[[recorder.sources]]`, nodes first, then WHEP endpoints, and which streams are live there, whether they are recorded or not.',
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
      sources: sourceStates(
        app.sources.state(),
        app.sources.endpoints(),
        await app.recorder.streams(),
      ),
      streams: app.sources.streams(),
    }),
  );
};

export default plugin;
