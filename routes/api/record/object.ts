import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { BUCKET_REPLIES, replyFromBucket } from '../../../src/http/bucket-reply.ts';
import { errorReply } from '../../../src/http/errors.ts';
import { replyFromFile } from '../../../src/http/file-reply.ts';
import { MANIFEST_TYPE, mediaTypeOf, SEGMENT_TYPES } from '../../../src/layout/media-type.ts';
import { filePath, nameOf, readableObjectPath } from '../../../src/layout/object-path.ts';
import { isOfStream } from '../../../src/layout/stream-folder.ts';

const bytes = { schema: Type.String({ format: 'binary' }) };

/** Serves recorded objects, manifests and segments, to any DASH player. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/object/*',
    config: {
      // …/<stream>/YYYY/MM/DD/<file>, below any base directory.
      concerns: (request, stream) => isOfStream((request.params as { '*': string })['*'], stream),
    },
    schema: {
      tags: ['read'],
      operationId: 'readObject',
      summary: 'Get a manifest or a segment',
      description:
        'Give a DASH player the `mpd_path` of a recording as `/api/record/object/{mpd_path}`; the player finds everything else from there. Range requests (RFC 9110 §14) and conditional requests are supported. Percent-encode each part of the path once: a literal `%` in a folder name becomes `%25`.',
      params: Type.Object({
        '*': Type.String({
          description: 'Object path below the storage root.',
          examples: ['cam1/2025/07/24/manifest.mpd'],
        }),
      }),
      response: {
        200: {
          description: 'The object. The manifest of a running recording is never cached.',
          content: Object.fromEntries(
            [MANIFEST_TYPE, ...SEGMENT_TYPES].map((type) => [type, bytes]),
          ),
        },
        206: { description: 'The requested range of the object.', type: 'null' },
        307: {
          description:
            'Redirects to a signed URL of the bucket, if `[playback] signed_redirect` is set. Manifests, and files that have not been uploaded yet, are always served by the recorder itself.',
          type: 'null',
        },
        304: { description: 'The object has not changed: it still has this `ETag`.', type: 'null' },
        400: errorReply(
          'The path is malformed or leads out of the storage root.',
          'path: must not contain empty, "." or ".." parts',
        ),
        404: errorReply('There is no such object.', 'no such object'),
        412: errorReply('The object has another `ETag`.', 'the object has changed'),
        416: errorReply(
          'The range starts beyond the end of the object.',
          'the object ends after 6 bytes',
        ),
        ...BUCKET_REPLIES,
      },
    },
    handler: async (request, reply) => {
      const path = readableObjectPath(request.params['*']);
      const type = mediaTypeOf(nameOf(path));
      const isManifest = type === MANIFEST_TYPE;
      // A finished segment never changes.
      reply.header('Cache-Control', isManifest ? 'no-cache' : 'private, max-age=86400, immutable');
      reply.type(type);
      const live = isManifest ? await app.recorder.liveManifest(path) : undefined;
      if (live) return reply.send(live);
      const { bucket, root } = app.store;
      if (bucket !== undefined) {
        const { signedRedirect, signedTtlSeconds } = app.config.playback;
        const signedSeconds = signedRedirect ? signedTtlSeconds : undefined;
        return replyFromBucket(request, reply, bucket, path, { signedSeconds });
      }
      return replyFromFile(request, reply, filePath(root, path));
    },
  });
};

export default plugin;
