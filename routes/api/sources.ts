import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sourceStates } from '../../src/http/source-states.ts';

const SourceJson = Type.Object(
  {
    url: Type.String({ description: 'Address of the node or WHEP endpoint, as configured.' }),
    stream: Type.Optional(Type.String({ description: 'Name of the stream, for a WHEP endpoint.' })),
    state: Type.Enum(
      ['connecting', 'sse', 'polling', 'connected', 'idle', 'unauthorized', 'unreachable'],
      {
        title: 'SourceState',
        description:
          'connecting: not connected yet; sse: a node that is followed by server-sent events; polling: a node that is polled; connected: a WHEP endpoint that is being pulled; idle: a WHEP endpoint that is not needed at the moment; unauthorized: the token is not accepted; unreachable: no reply, an invalid reply, or nothing that can be recorded',
      },
    ),
    since: Type.Integer({
      description: 'When it entered this state, in milliseconds since the Unix epoch.',
    }),
    live_streams: Type.Integer({ description: 'Number of live streams.' }),
    error: Type.Optional(
      Type.String({
        description: 'The last error of the source, or of a stream that is pulled from it.',
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
        'The nodes that have the stream, or its WHEP endpoint, in the order in which they are tried.',
    }),
    codecs: Type.Array(Type.String(), { description: 'Empty if no node reports them.' }),
  },
  { title: 'SourceStream' },
);

/** The nodes from which streams are pulled. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/sources',
    {
      schema: {
        tags: ['record'],
        operationId: 'listSources',
        summary: 'List sources',
        description:
          'The state of each of `[[recorder.sources]]`, nodes first, then WHEP endpoints, and the streams that are live there, recorded or not.',
        response: {
          200: Type.Object(
            { sources: Type.Array(SourceJson), streams: Type.Array(SourceStreamJson) },
            {
              title: 'Sources',
              description: 'Sources in the order of the configuration; streams sorted by name.',
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
