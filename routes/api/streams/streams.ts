import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import {
  Live777Stream,
  live777Stream,
  live777Streams,
  StreamsQuery,
} from '../../../src/http/live777-json.ts';
import { badStreamId, StreamParams } from '../../../src/http/stream-id.ts';

/** The published streams in Live777's format, for Liveman. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/',
    {
      schema: {
        tags: ['live777'],
        operationId: 'listLive777Streams',
        summary: 'List published streams, in the format of Live777',
        description: 'Only streams that have a publisher at the moment.',
        querystring: StreamsQuery,
        response: {
          200: Type.Array(Live777Stream, { description: 'The streams.' }),
        },
      },
    },
    async (request) => live777Streams(await app.recorder.streams(), request.query.streams),
  );

  app.get(
    '/:stream',
    {
      schema: {
        tags: ['live777'],
        operationId: 'getLive777Stream',
        summary: 'Get a published stream, in the format of Live777',
        params: StreamParams,
        description: 'A stream that has a publisher at the moment.',
        response: {
          200: Live777Stream,
          400: badStreamId,
          404: errorReply('The stream has no publisher.', 'nobody publishes the stream "cam1"'),
        },
      },
    },
    async (request) => {
      const status = live777Stream(await app.recorder.status(request.params.stream));
      if (status === undefined) {
        throw new RequestError(404, `nobody publishes the stream "${request.params.stream}"`);
      }
      return status;
    },
  );
};

export default plugin;
