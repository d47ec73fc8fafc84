import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { readPicture } from '../../src/export/picture.ts';
import { BUCKET_REPLIES } from '../../src/http/bucket-reply.ts';
import '../../src/http/decorators.ts';
import { errorReply } from '../../src/http/errors.ts';
import { isUnchanged } from '../../src/http/object-reply.ts';
import { timeParameter } from '../../src/http/playback-query.ts';
import { StreamParams } from '../../src/http/stream-id.ts';
import { CONTAINER_FILES, CONTAINER_NAMES } from '../../src/media/container-name.ts';
import { parseTime } from '../../src/playback/request-time.ts';

const querystring = Type.Object(
  {
    ts: timeParameter('When.'),
    width: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description:
          'Pixels that the picture is to be shown at. A hint: it comes as large as it was recorded, since nothing is transcoded.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** A moment of a stream as a picture. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const sources = { objects: app.recordedObjects, index: app.rangeSources.index };

  app.get(
    '/playback/:stream/picture',
    {
      schema: {
        tags: ['read'],
        operationId: 'getPicture',
        summary: 'Get the picture of a moment',
        description:
          'The keyframe at or up to a minute before a time, as a video of one picture that a page can draw (`<video src>`); nothing is transcoded. `Picture-Time` has the time at which it was captured, µs since the Unix epoch. It may be cached for ever, unless a nearer one may still be recorded. Conditional requests (`If-None-Match`) are supported.',
        params: StreamParams,
        querystring,
        response: {
          200: {
            description: 'The picture.',
            headers: { 'Picture-Time': Type.Integer({ description: 'µs since the Unix epoch.' }) },
            content: Object.fromEntries(
              CONTAINER_NAMES.map((name) => [
                CONTAINER_FILES[name].video,
                { schema: Type.String({ format: 'binary' }) },
              ]),
            ),
          },
          304: {
            description: 'The picture has not changed: it still has this `ETag`.',
            type: 'null',
          },
          400: errorReply(
            'A parameter is malformed; the message names it.',
            'ts: looks like seconds; it must be whole µs since the Unix epoch, as 1753315200000000, or an ISO 8601 date and time with its offset, as 2025-07-24T08:00:00.000+08:00 or 2025-07-24T00:00:00Z',
          ),
          404: errorReply(
            'There is no picture of that time.',
            'no picture is recorded of cam1 at 2025-07-24T00:00:00.000Z or in the minute before it; GET /api/timeline tells when there is',
          ),
          409: errorReply(
            'A recorded file is missing or damaged.',
            'cam1/2025/07/24/seg_0001.m4s is missing; choose start and end so that it is left out, or see what "verify" and "repair" say of its folder',
          ),
          ...BUCKET_REPLIES,
        },
      },
    },
    async (request, reply) => {
      const us = parseTime(request.query.ts, 'ts');
      const picture = await readPicture(sources, request.params.stream, us);
      const { etag, data, isFinal, mediaType, timeUs } = picture;
      reply.header('Cache-Control', isFinal ? 'private, max-age=31536000, immutable' : 'no-cache');
      reply.header('ETag', etag).header('Picture-Time', timeUs);
      if (isUnchanged(request, { etag })) return reply.code(304).send(null);
      return reply.type(mediaType).send(data as never);
    },
  );
};

export default plugin;
