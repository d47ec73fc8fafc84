import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { requireContentType } from '../src/http/content-type.ts';
import { errorReply } from '../src/http/errors.ts';
import { ifMatchTag } from '../src/http/if-match.ts';
import { badStreamId } from '../src/http/stream-id.ts';
import { StreamId } from '../src/layout/stream-id.ts';

const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

const EXAMPLE_FRAGMENT = `a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
m=audio 9 UDP/TLS/RTP/SAVPF 0\r
a=mid:0\r
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r
a=end-of-candidates\r
`;

const SessionParams = Type.Object({
  stream: StreamId,
  session: Type.String({
    minLength: 1,
    maxLength: 255,
    description: 'Last part of the `Location` in the reply to the WHIP request.',
    examples: ['0f5b6c1e'],
  }),
});

const noSession = errorReply(
  'There is no such session, or it has ended.',
  'no such session of stream "cam1"',
);

/** WHIP session (RFC 9725 §4.3): candidates, ICE restarts, and the end of publishing. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.addContentTypeParser(FRAGMENT_TYPE, { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });

  app.route({
    method: 'PATCH',
    url: '/session/:stream/:session',
    config: { access: 'publish' },
    schema: {
      tags: ['publish'],
      operationId: 'trickle',
      summary: 'Trickle ICE candidates, or restart ICE',
      description:
        'A fragment with the ICE credentials of the session adds candidates; one with new credentials restarts ICE (RFC 9725 §4.3.2, §4.3.3).',
      consumes: [FRAGMENT_TYPE],
      params: SessionParams,
      headers: Type.Object({
        'if-match': Type.Optional(
          Type.String({
            description: 'Entity tag of the ICE session in quotes, or `*` for an ICE restart.',
            examples: ['"9b1c"'],
          }),
        ),
      }),
      body: Type.String({
        minLength: 1,
        description: 'SDP fragment, RFC 8840',
        examples: [EXAMPLE_FRAGMENT],
      }),
      response: {
        200: {
          description:
            'ICE was restarted. The body has the credentials and candidates of the recorder.',
          headers: { ETag: Type.String({ description: 'Entity tag of the new ICE session.' }) },
          content: {
            [FRAGMENT_TYPE]: { schema: Type.String({ examples: [EXAMPLE_FRAGMENT] }) },
          },
        },
        204: { description: 'The candidates were added.', type: 'null' },
        400: errorReply(
          'The fragment or `If-Match` is malformed.',
          'If-Match: must be one entity tag in quotes, or *',
        ),
        404: noSession,
        412: errorReply(
          '`If-Match` names an ICE session that has been replaced.',
          'If-Match: not the entity tag of the present ICE session',
        ),
        413: errorReply('The fragment is larger than 256 KiB.', 'Request body is too large'),
        415: errorReply(
          `The \`Content-Type\` is not \`${FRAGMENT_TYPE}\`.`,
          `Content-Type must be ${FRAGMENT_TYPE}, not text/plain`,
        ),
      },
    },
    onRequest: requireContentType(FRAGMENT_TYPE, 'Accept-Patch'),
    handler: async (request, reply) => {
      const { stream, session } = request.params;
      const tag = ifMatchTag(request.headers['if-match']);
      const restart = await app.recorder.trickle(stream, session, request.body, tag);
      if (restart === undefined) return reply.code(204).send(null);
      return reply.header('ETag', `"${restart.etag}"`).type(FRAGMENT_TYPE).send(restart.fragment);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/session/:stream/:session',
    config: { access: 'publish' },
    schema: {
      tags: ['publish'],
      operationId: 'unpublish',
      summary: 'End a session',
      description: 'Ends the publication immediately (RFC 9725 §4.2).',
      params: SessionParams,
      response: {
        200: Type.Unsafe<string>({ description: 'The session has ended. No body.', type: 'null' }),
        400: badStreamId,
        404: noSession,
      },
    },
    handler: async (request, reply) => {
      const { stream, session } = request.params;
      await app.recorder.unpublish(stream, session);
      return reply.send('');
    },
  });
};

export default plugin;
