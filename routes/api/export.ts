import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { planExport } from '../../src/export/plan-export.ts';
import { RunningDownloads } from '../../src/export/running-downloads.ts';
import { BUCKET_REPLIES } from '../../src/http/bucket-reply.ts';
import '../../src/http/decorators.ts';
import { asDownload, offsetOf } from '../../src/http/download.ts';
import { errorReply, RequestError } from '../../src/http/errors.ts';
import { sendObject } from '../../src/http/object-reply.ts';
import { timeParameter } from '../../src/http/playback-query.ts';
import { StreamParams } from '../../src/http/stream-id.ts';
import { CONTAINER_FILES, type ContainerName } from '../../src/media/container-name.ts';
import { parseRange } from '../../src/playback/request-time.ts';

const querystring = Type.Object(
  {
    start: timeParameter('What the file begins with, exactly.'),
    end: timeParameter('What the file ends before, exactly.'),
    gaps: Type.Union([Type.Literal('cut'), Type.Literal('keep')], {
      default: 'cut',
      description:
        'What becomes of time in which nothing was recorded: `cut` joins what is there; `keep` makes the file as long as the range, with the last picture and silence meanwhile.',
    }),
  },
  { additionalProperties: false },
);

/** Downloads at a time: each takes some MB, and the disk serves no more of them at a useful rate. */
const MOST_AT_ONCE = 16;
const TOO_MANY = `no more than ${MOST_AT_ONCE} exports may be downloaded at a time; try again when one has ended`;
const RETRY_AFTER_SECONDS = 5;

/** The files that there are, and what is different in their descriptions. */
const FORMATS = [
  {
    container: 'mp4',
    operationId: 'exportMp4',
    title: 'an MP4',
    exactness:
      'One file that begins and ends exactly with the range, for all codecs but VP8. Where the codec changes, each has a track of its own.',
  },
  {
    container: 'webm',
    operationId: 'exportWebm',
    title: 'a WebM',
    exactness:
      'One file for VP8, with Opus. It begins with the keyframe at or before `start`, since WebM cannot hide pictures, and ends exactly with the range.',
  },
] as const;

/** A range of a stream as one file. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const sources = { ...app.rangeSources, objects: app.recordedObjects };
  const downloads = new RunningDownloads();
  app.retention.holds.add(() => downloads.ranges());

  async function sendExport(
    request: FastifyRequest,
    reply: FastifyReply,
    container: ContainerName,
  ): Promise<FastifyReply> {
    const { stream } = request.params as Static<typeof StreamParams>;
    const { start, end, gaps } = request.query as Static<typeof querystring>;
    const { startUs, endUs } = parseRange({ start, end });
    if (downloads.count === MOST_AT_ONCE) {
      reply.header('Retry-After', RETRY_AFTER_SECONDS);
      throw new RequestError(503, TOO_MANY);
    }
    const gone = new AbortController();
    const ended = downloads.begin({ stream, startUs, endUs: endUs! }, request.raw.socket);
    reply.raw.once('close', () => {
      ended();
      gone.abort();
    });
    try {
      const planned = await planExport(
        sources,
        { stream, startUs, endUs: endUs!, gaps, container },
        gone.signal,
      );
      const { file } = planned;
      const offsetMinutes = offsetOf(start, startUs);
      asDownload(reply, { stream, startUs: planned.startUs, offsetMinutes, extension: container });
      reply.type(CONTAINER_FILES[container].video).header('Cache-Control', 'private, no-cache');
      return await sendObject(request, reply, {
        size: file.size,
        etag: file.etag,
        open: async (range) => file.open(range),
      });
    } catch (error) {
      // What is wrong is not to be saved as a file.
      reply.removeHeader('Content-Disposition');
      throw error;
    }
  }

  for (const { container, operationId, title, exactness } of FORMATS) {
    app.get(
      `/playback/:stream/export.${container}`,
      {
        schema: {
          tags: ['read'],
          operationId,
          summary: `Download a range of a stream as ${title} file`,
          description: `${exactness} Gaps, days, reconnects and changes of resolution may lie within; nothing is transcoded. The index of the file is in front, so players begin and seek before they have all of it; range requests (RFC 9110 §14) and conditional requests are supported, and an interrupted download can be resumed. A range that is still being recorded ends with its last complete segment. At most 25 hours.`,
          params: StreamParams,
          querystring,
          response: {
            200: {
              description: 'The file.',
              content: {
                [CONTAINER_FILES[container].video]: { schema: Type.String({ format: 'binary' }) },
              },
            },
            206: { description: 'The requested range of the file.', type: 'null' },
            304: {
              description: 'The file has not changed: it still has this `ETag`.',
              type: 'null',
            },
            400: errorReply(
              'A parameter is malformed, the range is too long, or it cannot be in such a file; the message says what to ask for instead.',
              'end: must be later than start',
            ),
            404: errorReply(
              'Nothing is recorded in the range.',
              'nothing is recorded of cam1 between 2025-07-24T00:00:00.000Z and 2025-07-24T00:01:00.000Z; GET /api/timeline tells when there is',
            ),
            409: errorReply(
              'A recorded file is missing or damaged.',
              'cam1/2025/07/24/seg_0001.m4s is missing; choose start and end so that it is left out, or see what "verify" and "repair" say of its folder',
            ),
            412: errorReply('The file has another `ETag`.', 'the object is another one by now'),
            416: errorReply(
              'The range starts beyond the end of the file.',
              'the object ends after 6 bytes',
            ),
            502: BUCKET_REPLIES[502],
            503: errorReply(
              'Too many exports are being downloaded, or the bucket does not respond at the moment.',
              TOO_MANY,
            ),
          },
        },
      },
      async (request, reply) => (await sendExport(request, reply, container)) as never,
    );
  }
};

export default plugin;
