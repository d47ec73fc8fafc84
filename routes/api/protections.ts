import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../src/http/decorators.ts';
import { errorReply, RequestError } from '../../src/http/errors.ts';
import { ProtectionJson, protectionJson } from '../../src/http/retention-json.ts';
import { streamFolder } from '../../src/layout/stream-folder.ts';

const ID_RULE = 'the id of a protection, as GET /api/protections tells it';
const NO_SUCH = 'no such protection';
const LATER = 'end_ts: must be later than start_ts';
const MOST = 10_000;
const TOO_MANY = `no more than ${MOST} protections are kept; remove some with DELETE /api/protections/{id}`;
const time = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: `${description}, µs since the Unix epoch.`,
  });
const EXAMPLE = {
  id: '2f1c7a52-7a54-4a3e-9d5f-1a86f6f2f0a3',
  stream: 'cam1',
  start_ts: 1753315200000000,
  end_ts: 1753318800000000,
  note: 'accident at the gate',
  created_ts: 1753401600000000,
};

/** Stretches of streams that neither a rule nor a request deletes. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/protections',
    {
      schema: {
        tags: ['record'],
        operationId: 'listProtections',
        summary: 'List protected stretches',
        description: 'Stretches of streams that neither a rule nor a request deletes.',
        response: {
          200: Type.Array(ProtectionJson, {
            description: 'The protections, in the order in which they were made.',
            examples: [[EXAMPLE]],
          }),
        },
      },
    },
    async () => app.retention.protections.list().map(protectionJson),
  );

  app.post(
    '/protections',
    {
      config: { access: 'execute' },
      schema: {
        tags: ['record'],
        operationId: 'protect',
        summary: 'Protect a stretch of a stream',
        description:
          'Segments of the stream that overlap the stretch are deleted neither by `[recorder.retention]` nor by a request, until the protection is removed. It is durable, and may also cover what is still to be recorded.',
        body: Type.Object(
          {
            stream: Type.String({ minLength: 1 }),
            start_ts: time('Start'),
            end_ts: time('End, exclusive'),
            note: Type.Optional(Type.String({ maxLength: 1000, description: 'What it is for.' })),
          },
          {
            title: 'ProtectionRequest',
            additionalProperties: false,
            examples: [
              {
                stream: 'cam1',
                start_ts: 1753315200000000,
                end_ts: 1753318800000000,
                note: 'accident at the gate',
              },
            ],
          },
        ),
        response: {
          201: ProtectionJson,
          400: errorReply('The body is invalid; the message says where.', LATER),
          413: errorReply('The body is larger than 256 KiB.', 'Request body is too large'),
          415: errorReply('The body is not JSON.', 'Unsupported Media Type'),
          429: errorReply('Too many stretches are protected.', TOO_MANY),
        },
      },
    },
    async (request, reply) => {
      const { stream, start_ts: startUs, end_ts: endUs, note = '' } = request.body;
      // Refuses a name that no stream can have.
      streamFolder(stream);
      if (endUs <= startUs) throw new RequestError(400, LATER);
      if (app.retention.protections.list().length >= MOST) throw new RequestError(429, TOO_MANY);
      const added = await app.retention.protect(stream, startUs, endUs, note);
      return reply.code(201).send(protectionJson(added));
    },
  );

  app.delete(
    '/protections/:id',
    {
      config: { access: 'execute' },
      schema: {
        tags: ['record'],
        operationId: 'unprotect',
        summary: 'Remove a protection',
        description: 'The next sweep may delete what it protected.',
        params: Type.Object({
          id: Type.String({
            title: 'ProtectionId',
            pattern: '^[0-9a-f-]{36}$',
            description: ID_RULE,
          }),
        }),
        response: {
          200: ProtectionJson,
          400: errorReply('The id is malformed.', `id: must be ${ID_RULE}`),
          404: errorReply('There is no such protection.', NO_SUCH),
        },
      },
    },
    async (request) => {
      const removed = await app.retention.unprotect(request.params.id);
      if (removed === undefined) throw new RequestError(404, NO_SUCH);
      return protectionJson(removed);
    },
  );
};

export default plugin;
