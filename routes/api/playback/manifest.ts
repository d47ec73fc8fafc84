import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply } from '../../../src/http/errors.ts';
import {
  objectRoot,
  playedRange,
  RANGE_HEADERS,
  RANGE_REPLIES,
  RangeQuery,
} from '../../../src/http/playback-range.ts';
import { StreamParams } from '../../../src/http/stream-id.ts';
import { replyWithTag } from '../../../src/http/tagged-reply.ts';
import { MANIFEST_TYPE } from '../../../src/layout/media-type.ts';
import { rangeManifest } from '../../../src/playback/range-manifest.ts';

/** A range of what was recorded, for DASH players. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/:stream/manifest.mpd',
    {
      schema: {
        tags: ['read'],
        operationId: 'getRangeManifest',
        summary: 'Play a range with DASH',
        description:
          'A DASH manifest of any range, over gaps, days and codecs. It begins with the keyframe at or before `start` at which a segment begins. While the stream is being recorded and the range has no end, or one that is yet to come, the manifest is dynamic, and Periods stand at the time of day; otherwise it is static, and they follow each other without gaps. `ProducerReferenceTime` elements tell the wall clock of any picture: between two of them it is interpolated. Segments are read from `/api/record/object/`, with the same token.',
        params: StreamParams,
        querystring: RangeQuery,
        response: {
          200: {
            description: 'The manifest.',
            headers: RANGE_HEADERS,
            content: { [MANIFEST_TYPE]: { schema: Type.String() } },
          },
          400: errorReply(
            'The stream name or a bound of the range is invalid; the message names it.',
            'end: must be later than start',
          ),
          404: errorReply(
            'There is nothing in this range.',
            'nothing is recorded of cam1 in this range',
          ),
          ...RANGE_REPLIES,
        },
      },
    },
    async (request, reply) => {
      const { range, isLive } = await playedRange(app, request, reply);
      const text = rangeManifest(range, {
        isLive,
        objectRoot: objectRoot(app, request),
        segmentSeconds: app.config.recorder.segmentSeconds,
        nowUs: Date.now() * 1000,
      });
      return replyWithTag(request, reply, MANIFEST_TYPE, text);
    },
  );
};

export default plugin;
