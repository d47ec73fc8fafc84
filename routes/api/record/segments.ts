import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import { TrackKindJson } from '../../../src/http/stream-json.ts';
import type { SegmentQuery } from '../../../src/segment-index/segment-index.ts';

const EXAMPLE_SEGMENT = {
  node_alias: 'live777-node-001',
  stream: 'cam1',
  kind: 'video' as const,
  start_ts: 1753315200000000,
  end_ts: 1753315210000000,
  duration_ms: 10000,
  path: 'cam1/2025/07/24/seg_0001.m4s',
  init_path: 'cam1/2025/07/24/init.m4s',
  is_keyframe: true,
  keyframes: [1753315200000000, 1753315205000000],
  codec: 'avc1.42e01f',
  size: 3145728,
  created_at: 1753315210123456,
  uploaded: true,
};

/** Integer µs since the Unix epoch. */
const time = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description,
  });

const querystring = Type.Object(
  {
    stream: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Only segments of this stream.',
        examples: ['cam1'],
      }),
    ),
    kind: Type.Optional(
      Type.Unsafe<Static<typeof TrackKindJson>>({
        ...TrackKindJson,
        description: 'Only segments of this kind of track.',
      }),
    ),
    since_ts: Type.Optional(
      time('Only segments whose `created_at` is greater: the `last_ts` of the previous page.'),
    ),
    limit: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 200,
      description: 'At most this number of segments.',
    }),
    start_ts: Type.Optional(time('Only segments that end after this, µs since the Unix epoch.')),
    end_ts: Type.Optional(
      time(
        'Only segments that start before this, µs since the Unix epoch. ' +
          'If equal to `start_ts`, the segments at that instant.',
      ),
    ),
    wait: Type.Integer({
      minimum: 0,
      maximum: 60,
      default: 0,
      description:
        'Seconds to wait for a segment if there is none yet (long poll); the reply is sent as ' +
        'soon as there is one.',
    }),
  },
  { additionalProperties: false },
);

const segment = Type.Object(
  {
    node_alias: Type.String({ description: 'Name of the node that recorded the segment.' }),
    stream: Type.String(),
    kind: TrackKindJson,
    start_ts: Type.Integer({ description: 'Wall-clock start, µs since the Unix epoch.' }),
    end_ts: Type.Integer({ description: 'Wall-clock end (exclusive), µs since the Unix epoch.' }),
    duration_ms: Type.Integer(),
    path: Type.String({ description: 'Path for `GET /api/record/object/{path}`.' }),
    init_path: Type.String({ description: 'Path of its initialization segment.' }),
    is_keyframe: Type.Boolean({ description: 'Whether the segment starts with a keyframe.' }),
    keyframes: Type.Array(Type.Integer(), {
      description: 'Wall-clock times of the keyframes, µs since the Unix epoch; empty for audio.',
    }),
    codec: Type.String({ description: 'Codecs string (RFC 6381).' }),
    size: Type.Integer({ description: 'Bytes.' }),
    created_at: Type.Integer({
      description:
        'When the segment was listed, µs since the Unix epoch. Unique on a node and strictly ' +
        'increasing, even if the clock is set back.',
    }),
    uploaded: Type.Boolean({
      description:
        'False while the file waits in the spool of this node for upload to the bucket. The file ' +
        'can be read by its `path` in either case.',
    }),
  },
  { title: 'Segment', additionalProperties: false },
);

const page = Type.Object(
  {
    segments: Type.Array(segment),
    last_ts: Type.Integer({
      description:
        'The `since_ts` for the next request: `created_at` of the last segment of this page, or, if ' +
        'the page is empty, the `since_ts` of this request or 0.',
    }),
    has_more: Type.Boolean({ description: 'Whether there are more segments already.' }),
  },
  {
    title: 'SegmentPage',
    additionalProperties: false,
    description: 'Segments in the order of `created_at`.',
    examples: [
      { segments: [EXAMPLE_SEGMENT], last_ts: EXAMPLE_SEGMENT.created_at, has_more: false },
    ],
  },
);

/** The segments of this node, for Liveman and other programs. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const waits = new Set<AbortController>();
  let closing = false;

  // Fastify waits for open requests before it closes, so the long polls are answered now.
  app.addHook('preClose', async () => {
    closing = true;
    for (const wait of waits) wait.abort();
  });

  async function waitForSegment(
    query: SegmentQuery,
    seconds: number,
    response: ServerResponse,
  ): Promise<void> {
    if (closing || response.destroyed) return;
    const wait = new AbortController();
    const abort = () => wait.abort();
    waits.add(wait);
    response.once('close', abort);
    try {
      await app.segmentIndex.waitForNewer(query, seconds * 1000, wait.signal);
    } finally {
      response.off('close', abort);
      waits.delete(wait);
    }
  }

  app.get(
    '/segments',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listSegments',
        summary: 'List recorded segments',
        description:
          'Segments in the order in which they were listed, in pages. Pass the `last_ts` of one page ' +
          'as the `since_ts` of the next to get each segment exactly once. `start_ts` and `end_ts` ' +
          'select the segments that overlap a time range. A segment is listed once it is stored ' +
          'durably.',
        tags: ['segments'],
        querystring,
        response: {
          200: page,
          400: errorReply(
            'A parameter is unknown or malformed; the message names it.',
            'query.limit: must be >= 1',
          ),
        },
      },
    },
    // Not async: most replies wait for nothing.
    (request, reply) => {
      const { stream, kind, since_ts, limit, start_ts, end_ts, wait } = request.query;
      if (start_ts !== undefined && end_ts !== undefined && end_ts < start_ts) {
        throw new RequestError(400, 'end_ts must not be less than start_ts');
      }
      const query: SegmentQuery = {
        stream,
        kind,
        sinceTs: since_ts,
        limit,
        startUs: start_ts,
        endUs: end_ts,
      };
      if (wait === 0) return pageFor(query, reply);
      return waitForSegment(query, wait, reply.raw).then(() => pageFor(query, reply));
    },
  );

  function pageFor(query: SegmentQuery, reply: FastifyReply): Static<typeof page> {
    reply.header('content-type', 'application/json; charset=utf-8');
    reply.header('cache-control', 'no-store');
    const { body, release } = app.segmentIndex.reply(query);
    // After the reply was handed to the kernel, or its connection ended.
    if (release !== undefined) reply.raw.once('close', release);
    // The index serializes the page itself; the schema only describes it.
    return body as unknown as Static<typeof page>;
  }
};

export default routes;
