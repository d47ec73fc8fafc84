import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { needsToken } from '../src/http/auth.ts';
import { requireContentType } from '../src/http/content-type.ts';
import { errorReply } from '../src/http/errors.ts';
import { iceLinks } from '../src/http/ice-links.ts';
import { sessionAddress } from '../src/http/stream-address.ts';
import { badStreamId, StreamParams } from '../src/http/stream-id.ts';
import { forwardedPrefix } from '../src/http/trusted-proxy.ts';
import { UnconnectedPublishers } from '../src/http/unconnected-publishers.ts';

const OFFER_TYPE = 'application/sdp';
/** By then, a session without a publisher has ended. */
const RETRY_AFTER_SECONDS = 15;

const EXAMPLE_SDP = `v=0\r
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
…`;

const linkHeader = {
  Link: Type.String({
    description: 'An ICE server (RFC 9725 §4.6); one header field for each.',
    examples: ['<stun:stun.example.org:3478>; rel="ice-server"'],
  }),
};

const sdpReply = {
  description: 'The SDP answer. Media can be sent as soon as ICE and DTLS are connected.',
  headers: {
    Location: Type.String({
      description:
        'URL of the session, relative to the URL of the request: PATCH it to trickle candidates, DELETE it to end the session.',
      examples: ['../session/cam1/0f5b6c1e'],
    }),
    ETag: Type.String({
      description: 'Entity tag of the ICE session, for `If-Match`.',
      examples: ['"9b1c"'],
    }),
    'Accept-Patch': Type.String({ examples: ['application/trickle-ice-sdpfrag'] }),
    ...linkHeader,
  },
  content: {
    [OFFER_TYPE]: { schema: Type.String({ description: 'SDP answer', examples: [EXAMPLE_SDP] }) },
  },
};

/** WHIP endpoint (RFC 9725 §4.2): a POST begins to publish a stream. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(OFFER_TYPE, { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });
  const links = iceLinks(app.config.iceServers);
  const unconnected = new UnconnectedPublishers(app.recorder, () => needsToken(app.config.auth));

  app.route({
    method: 'POST',
    url: '/whip/:stream',
    config: { access: 'publish' },
    schema: {
      tags: ['publish'],
      operationId: 'publish',
      summary: 'Publish a stream',
      description:
        'Accepts a WHIP offer. A stream has one publisher at a time. Whether it is recorded depends on `auto_streams` and on `POST /api/record/{stream}`.',
      consumes: [OFFER_TYPE],
      params: StreamParams,
      body: Type.String({ minLength: 1, description: 'SDP offer', examples: [EXAMPLE_SDP] }),
      response: {
        201: sdpReply,
        400: errorReply(
          'The offer is not SDP, or the stream name is invalid.',
          'the offer does not begin with v=0',
        ),
        409: errorReply(
          'The stream already has a publisher, or one that is connecting. A publisher that has not been heard from yet gives way to a new one whose token has the same scope or a wider one.',
          'stream "cam1" has a publisher already',
        ),
        413: errorReply('The offer is larger than 256 KiB.', 'Request body is too large'),
        415: errorReply(
          'The `Content-Type` is not `application/sdp`.',
          'Content-Type must be application/sdp, not application/json',
        ),
        422: errorReply(
          'The offer contains nothing that can be recorded.',
          'the offer sends neither video nor audio; we can record H264 (packetization-mode 0 or 1), H265 (one RTP stream, in decoding order), AV1, VP9, VP8 and multiopus (48000, 3 to 8 channels), Opus (48000/2), PCMU (8000), PCMA (8000)',
        ),
        429: errorReply(
          'Too many sessions from this address are waiting for their publisher to connect. Only callers whose token is for a single stream are limited.',
          '20 sessions of your address already wait for their publisher: connect or end them first',
        ),
        503: errorReply('The recorder is stopping.', 'the recorder is stopping'),
      },
    },
    onRequest: requireContentType(OFFER_TYPE, 'Accept-Post'),
    handler: async (request, reply) => {
      const { stream } = request.params;
      const right = app.authorizer.callerOf(request)?.stream === '*' ? 'all' : 'stream';
      await unconnected.admit(request.ip, right).catch((error: unknown) => {
        reply.header('Retry-After', RETRY_AFTER_SECONDS);
        throw error;
      });
      const accepted = await app.recorder.publish(stream, request.body, right);
      const { sessionId, answer, etag } = accepted;
      unconnected.note(request.ip, stream, sessionId);
      if (links.length > 0) reply.header('Link', links);
      return reply
        .code(201)
        .headers({
          Location: sessionAddress(
            request.originalUrl,
            stream,
            sessionId,
            forwardedPrefix(request, app.trustsProxy),
          ),
          ETag: `"${etag}"`,
          'Accept-Patch': 'application/trickle-ice-sdpfrag',
        })
        .type(OFFER_TYPE)
        .send(answer);
    },
  });

  app.route({
    method: 'OPTIONS',
    url: '/whip/:stream',
    // A preflight request has no token; the ICE servers are only sent to callers that may publish,
    // see below.
    config: { access: 'open', cors: { preflightContinue: true, strictPreflight: false } },
    schema: {
      tags: ['publish'],
      operationId: 'publishOptions',
      summary: 'Get what can be published',
      description:
        'Returns the accepted media type and, for callers that may publish, the ICE servers (RFC 9725 §4.6).',
      params: StreamParams,
      response: {
        204: {
          description: 'The reply consists of the header fields.',
          type: 'null',
          headers: { 'Accept-Post': Type.String({ examples: [OFFER_TYPE] }), ...linkHeader },
        },
        400: badStreamId,
      },
    },
    handler: async (request, reply) => {
      const caller = app.authorizer.callerOf(request);
      if (caller !== undefined && links.length > 0) reply.header('Link', links);
      return reply
        .code(204)
        .headers({ 'Accept-Post': OFFER_TYPE, Allow: 'POST, OPTIONS' })
        .send(null);
    },
  });
};

export default plugin;
