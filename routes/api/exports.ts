import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type ExportJob, isOver } from '../../src/export/export-job.ts';
import { BUCKET_REPLIES } from '../../src/http/bucket-reply.ts';
import '../../src/http/decorators.ts';
import { asDownload, offsetOf } from '../../src/http/download.ts';
import { errorReply, RequestError } from '../../src/http/errors.ts';
import type { EventStream } from '../../src/http/event-stream.ts';
import { endingEventsReplies, openEventStream } from '../../src/http/event-stream-replies.ts';
import { EXPORT_EXAMPLE, ExportJson, exportJson } from '../../src/http/export-json.ts';
import { replyFromFile } from '../../src/http/file-reply.ts';
import { rootFrom } from '../../src/http/stream-address.ts';
import { CONTAINER_FILES, CONTAINER_NAMES } from '../../src/media/container-name.ts';
import { parseRange, TIME_RULE } from '../../src/playback/request-time.ts';

/** Time after which one who follows an export and has left is noticed, ms. */
const IDLE_MS = 15_000;

const NO_SUCH_EXPORT = 'no such export; it is removed a day after its end';

const ExportParams = Type.Object({
  id: Type.String({
    title: 'ExportId',
    pattern: '^[0-9a-f-]{36}$',
    description: 'the id of an export, as GET /api/exports tells it',
  }),
});
const noId = errorReply(
  'The id is malformed.',
  'id: must be the id of an export, as GET /api/exports tells it',
);

function timeField(description: string) {
  return Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
    description: `${description} Must be ${TIME_RULE}.`,
  });
}

const ExportRequestJson = Type.Object(
  {
    stream: Type.String({ minLength: 1 }),
    start: timeField('What the file begins with.'),
    end: timeField('What it ends before.'),
    gaps: Type.Optional(
      Type.Enum(['cut', 'keep'], {
        description:
          'What becomes of time in which nothing was recorded, as of `GET /api/playback/{stream}/export.mp4`; `cut` if absent.',
      }),
    ),
    container: Type.Optional(
      Type.Enum(CONTAINER_NAMES, { description: '`mp4` if absent; `webm` for VP8.' }),
    ),
  },
  {
    title: 'ExportRequest',
    additionalProperties: false,
    examples: [
      { stream: 'cam1', start: '2025-07-24T08:00:00+08:00', end: '2025-07-24T10:00:00+08:00' },
    ],
  },
);

// Whose export it is, is known only after its id or the body was read.
const config = { concerns: () => true };
const noSuchExport = errorReply('There is no such export (any more).', NO_SUCH_EXPORT);

/** Exports that are written in the background, and kept for a day. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  const jobs = app.exportJobs;

  function mayTouch(request: FastifyRequest, stream: string): boolean {
    const caller = app.authorizer.callerOf(request);
    return caller?.stream === '*' || caller?.stream === stream;
  }

  /** The job that a request names. Another's is none. @throws RequestError 404; Refusal `no-such-export` */
  function jobOf(request: FastifyRequest): ExportJob {
    const job = jobs.get((request.params as { id: string }).id);
    if (!mayTouch(request, job.stream)) throw new RequestError(404, NO_SUCH_EXPORT);
    return job;
  }

  const toJson = (job: ExportJob) => exportJson(job, jobs.expiryOf(job));

  /** Sends the state of a job until it is over, or the client has left. */
  async function sendEvents(id: string, stream: EventStream): Promise<void> {
    for await (const job of jobs.follow(id, IDLE_MS)) {
      if (stream.body.destroyed) return;
      // The next state says everything that one who does not read at present has missed.
      if (job === undefined || (stream.isStalled && !isOver(job))) continue;
      stream.send({ id: job.state, data: JSON.stringify(toJson(job)) });
    }
    stream.end();
  }

  app.post(
    '/exports',
    {
      config,
      schema: {
        tags: ['read'],
        operationId: 'startExport',
        summary: 'Export a range of a stream in the background',
        description:
          'Writes the file that `GET /api/playback/{stream}/export.mp4` or `export.webm` would send, on the disk of the recorder, where it is kept for a day. Two are written at a time, the others wait. Follow it with `GET /api/exports/{id}/events` and download it with `GET /api/exports/{id}/file`.',
        body: ExportRequestJson,
        response: {
          202: {
            description: 'It begins, or waits. `Location` is its address.',
            content: { 'application/json': { schema: ExportJson } },
          },
          400: errorReply(
            'A field is malformed, the range is too long, or it cannot be in such a file; the message says what to ask for instead.',
            'end: must be later than start',
          ),
          404: errorReply(
            'Nothing is recorded in the range.',
            'nothing is recorded of cam1 between 2025-07-24T00:00:00.000Z and 2025-07-24T00:01:00.000Z; GET /api/timeline tells when there is',
          ),
          409: errorReply(
            'A manifest is missing or damaged.',
            'the manifest of cam1/2025/07/24 is missing or damaged; see what "verify" and "repair" say of that folder',
          ),
          413: errorReply('The body is too large.', 'Request body is too large'),
          415: errorReply('The body is not JSON.', 'Unsupported Media Type'),
          429: errorReply(
            'Too many exports are kept already.',
            'no more than 100 exports are kept; remove one with DELETE /api/exports/{id}',
          ),
          502: BUCKET_REPLIES[502],
          503: errorReply(
            'The bucket does not respond at the moment, or the recorder is stopping.',
            'the bucket does not answer at present (ECONNREFUSED)',
          ),
          507: errorReply(
            'The disk has too little space for it and for recordings.',
            'the disk has 11.2 GB free, exports need up to 2.3 GB, and 10.0 GB are left to recordings; remove exports, free some space, or download export.mp4 instead',
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream, start, end, gaps = 'cut', container = 'mp4' } = request.body;
      if (!mayTouch(request, stream))
        throw new RequestError(403, 'this token is for another stream');
      const { startUs, endUs } = parseRange({ start: String(start), end: String(end) });
      const wanted = { stream, startUs, endUs: endUs!, gaps, container };
      const job = await jobs.create(wanted, offsetOf(String(start), startUs));
      const location = `${rootFrom(request.originalUrl)}api/exports/${job.id}`;
      return reply.code(202).header('Location', location).send(toJson(job));
    },
  );

  app.get(
    '/exports',
    {
      config,
      schema: {
        tags: ['read'],
        operationId: 'listExports',
        summary: 'List exports',
        description: 'The newest first; with a token of one stream those of that stream.',
        response: {
          200: {
            description: 'All exports that are kept.',
            content: {
              'application/json': {
                schema: Type.Object(
                  { exports: Type.Array(ExportJson) },
                  { title: 'ExportList', examples: [{ exports: [EXPORT_EXAMPLE] }] },
                ),
              },
            },
          },
        },
      },
    },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      const visible = jobs.list().filter(({ stream }) => mayTouch(request, stream));
      return { exports: visible.map(toJson) };
    },
  );

  app.get(
    '/exports/:id',
    {
      config,
      schema: {
        tags: ['read'],
        operationId: 'getExport',
        summary: 'State of an export',
        description: 'How far it is, or how it ended. It is kept for a day after its end.',
        params: ExportParams,
        response: {
          200: {
            description: 'How far it is, or how it ended.',
            content: { 'application/json': { schema: ExportJson } },
          },
          400: noId,
          404: noSuchExport,
        },
      },
    },
    async (request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return toJson(jobOf(request));
    },
  );

  app.get(
    '/exports/:id/events',
    {
      config,
      // Nobody needs a HEAD request of it.
      exposeHeadRoute: false,
      schema: {
        tags: ['read'],
        operationId: 'followExport',
        summary: 'Follow an export',
        description:
          'Server-sent events. The data of each is what `GET /api/exports/{id}` returns: one immediately, then up to four a second while it changes. The reply ends with the one that says `done` or `failed`, or when the export is removed; an `EventSource` that asks again then is answered 204 or 404, and stops.',
        params: ExportParams,
        response: {
          ...endingEventsReplies(
            'id: running\ndata: {"id":"0b6a9f3e-6f0c-4f0e-9d63-0d8c5b8d4c11","stream":"cam1","state":"running","written_bytes":805306368,"size":2260934177}\n\n',
          ),
          204: { description: 'Its last event was received before.', type: 'null' },
          400: noId,
          404: noSuchExport,
        },
      },
    },
    async (request, reply) => {
      const { id, state } = jobOf(request);
      const isKnown = request.headers['last-event-id'] === state;
      if (isKnown && jobs.expiryOf(jobs.get(id)) !== undefined) {
        return reply.code(204).send(null) as never;
      }
      const stream = openEventStream(request, reply);
      void sendEvents(id, stream);
      return reply.send(stream.body as never) as never;
    },
  );

  app.get(
    '/exports/:id/file',
    {
      config,
      schema: {
        tags: ['read'],
        operationId: 'downloadExport',
        summary: 'Download an export',
        description:
          'The file under the name of the stream and its local time. Range requests (RFC 9110 §14) and conditional requests are supported.',
        params: ExportParams,
        response: {
          200: {
            description: 'The file.',
            content: Object.fromEntries(
              CONTAINER_NAMES.map((name) => [
                CONTAINER_FILES[name].video,
                { schema: Type.String({ format: 'binary' }) },
              ]),
            ),
          },
          206: { description: 'The requested range of the file.', type: 'null' },
          304: { description: 'The file has not changed.', type: 'null' },
          400: noId,
          404: noSuchExport,
          409: errorReply(
            'It has no file yet, or failed.',
            'the export is not finished; GET /api/exports/{id}/events tells when it is',
          ),
          412: errorReply('The file has another `ETag`.', 'the object has changed'),
          416: errorReply(
            'The range starts beyond the end of the file.',
            'the object ends after 6 bytes',
          ),
        },
      },
    },
    async (request, reply) => {
      const job = jobOf(request);
      const path = jobs.fileOf(job.id);
      const { stream, beginsUs = job.startUs, offsetMinutes, container } = job;
      asDownload(reply, { stream, startUs: beginsUs, offsetMinutes, extension: container });
      reply.type(CONTAINER_FILES[container].video).header('Cache-Control', 'private, no-cache');
      try {
        return (await replyFromFile(request, reply, path)) as never;
      } catch (error) {
        // What is wrong is not to be saved as a file.
        reply.removeHeader('Content-Disposition');
        throw error;
      }
    },
  );

  app.delete(
    '/exports/:id',
    {
      config,
      schema: {
        tags: ['read'],
        operationId: 'removeExport',
        summary: 'Cancel or remove an export',
        description: 'What is being written is ended; its file is removed.',
        params: ExportParams,
        response: {
          204: { description: 'It is gone.', type: 'null' },
          400: noId,
          404: noSuchExport,
        },
      },
    },
    async (request, reply) => {
      await jobs.remove(jobOf(request).id);
      return reply.code(204).send(null);
    },
  );
};

export default plugin;
