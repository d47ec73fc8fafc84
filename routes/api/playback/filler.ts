import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { BUCKET_REPLIES } from '../../../src/http/bucket-reply.ts';
import '../../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import { StreamParams } from '../../../src/http/stream-id.ts';
import { parseFileName } from '../../../src/layout/file-names.ts';
import { nameOf, readableObjectPath } from '../../../src/layout/object-path.ts';
import { isOfStream } from '../../../src/layout/stream-folder.ts';
import { CONTAINER_FILES } from '../../../src/media/container-name.ts';
import { FILLER_INIT_NAME, FILLER_NAME } from '../../../src/playback/hls-media-playlist.ts';

/** It is always made the same. */
const CACHE = 'private, max-age=86400, immutable';

/** Duration of a segment at most, seconds. */
const MOST_SECONDS = 3600;

const like = Type.String({
  description: 'Object path of the initialization segment of the track that it is to be like.',
  examples: ['cam1/2025/07/24/audio_init.m4s'],
});

const RESPONSE = {
  200: {
    description: 'The segment.',
    content: {
      [CONTAINER_FILES.mp4.video]: { schema: Type.String({ format: 'binary' }) },
      [CONTAINER_FILES.mp4.audio]: { schema: Type.String({ format: 'binary' }) },
    },
  },
  400: errorReply(
    'A parameter is malformed; the message names it.',
    'like: must be the object path of an initialization segment of cam1',
  ),
  404: errorReply('There is no such initialization segment.', 'no such object'),
  409: errorReply(
    'The initialization segment cannot be read.',
    'cam1/2025/07/24/audio_init.m4s is damaged, or of an unknown codec',
  ),
  ...BUCKET_REPLIES,
};

/** What stands in for a track where nothing of it is recorded, for HLS players. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const fillerOf = async (stream: string, initPath: string) => {
    const path = readableObjectPath(initPath);
    if (parseFileName(nameOf(path))?.type !== 'init' || !isOfStream(path, stream)) {
      const mend = `must be the object path of an initialization segment of ${stream}`;
      throw new RequestError(400, `like: ${mend}`);
    }
    return app.fillers.like(path);
  };

  app.get(
    `/:stream/${FILLER_INIT_NAME}`,
    {
      schema: {
        tags: ['read'],
        operationId: 'getFillerInitialization',
        summary: 'Get the initialization segment of a filler',
        description: 'That of the segments that `filler.m4s` gives; HLS playlists refer to it.',
        params: StreamParams,
        querystring: Type.Object({ like }, { additionalProperties: false }),
        response: RESPONSE,
      },
    },
    async (request, reply) => {
      const { stream } = request.params;
      const { kind, initialization } = await fillerOf(stream, request.query.like);
      reply.header('Cache-Control', CACHE).type(CONTAINER_FILES.mp4[kind]);
      return reply.send(initialization as never);
    },
  );

  app.get(
    `/:stream/${FILLER_NAME}`,
    {
      schema: {
        tags: ['read'],
        operationId: 'getFiller',
        summary: 'Get silence or black pictures',
        description:
          'A segment of silence or black pictures in the format of a recorded track, to which HLS playlists refer where a stream has sound or pictures alone for a while: players would wait for the other for ever.',
        params: StreamParams,
        querystring: Type.Object(
          {
            like,
            time: Type.Integer({
              minimum: 0,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'Media time of its start, ticks of the track.',
            }),
            duration: Type.Integer({
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'Its duration, ticks of the track: an hour at most.',
            }),
          },
          { additionalProperties: false },
        ),
        response: RESPONSE,
      },
    },
    async (request, reply) => {
      const { time, duration } = request.query;
      const filler = await fillerOf(request.params.stream, request.query.like);
      const most = MOST_SECONDS * filler.timescale;
      if (duration > most) {
        throw new RequestError(400, `duration: must be at most ${most} ticks, which is an hour`);
      }
      if (!Number.isSafeInteger(time + duration)) {
        throw new RequestError(400, 'time: must be below 2^53 ticks since the Unix epoch');
      }
      reply.header('Cache-Control', CACHE).type(CONTAINER_FILES.mp4[filler.kind]);
      return reply.send(filler.segment(time, duration) as never);
    },
  );
};

export default plugin;
