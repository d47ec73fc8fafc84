import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { PlaybackJson, playbackJson } from '../../src/http/record-json.ts';
import { badStreamId, StreamParams } from '../../src/http/stream-id.ts';

/** Lists what can be played: all records, whether or not Liveman has collected them. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/playback',
    {
      schema: {
        tags: ['live777'],
        operationId: 'listRecordedStreams',
        summary: 'List recorded streams',
        description: 'All streams that have a record.',
        response: {
          200: Type.Array(Type.String(), {
            description: 'Names of the streams, sorted.',
            examples: [['cam1', 'cam2']],
          }),
        },
      },
    },
    async () => app.recordCatalogue.streams(),
  );

  app.get(
    '/playback/:stream',
    {
      schema: {
        tags: ['live777'],
        operationId: 'listPlaybackRecords',
        summary: 'List the records of a stream',
        description:
          'All records of a stream, including an active one; an empty list for an unknown stream.',
        params: StreamParams,
        response: {
          200: Type.Array(PlaybackJson, {
            description: 'The records, oldest first.',
            examples: [
              [
                {
                  record: '1753315200',
                  mpd_path: 'cam1/2025/07/24/manifest.mpd',
                  duration_ms: 30000,
                },
              ],
            ],
          }),
          400: badStreamId,
        },
      },
    },
    async (request) => app.recordCatalogue.records(request.params.stream).map(playbackJson),
  );
};

export default plugin;
