import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { errorReply, RequestError } from '../../../src/http/errors.ts';
import { badStreamId, StreamParams } from '../../../src/http/stream-id.ts';
import { isRecording, RecordStatusJson, statusJson } from '../../../src/http/stream-json.ts';

const ONE_FOLDER =
  'this token is for a single stream, which has a folder of its own: omit base_dir';

/** Starts, shows and stops the recording of one stream. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'POST',
    url: '/:stream',
    config: { access: 'execute', bodyOptional: true },
    schema: {
      tags: ['record'],
      operationId: 'startRecording',
      summary: 'Record a stream',
      description:
        'Starts recording a stream, or arms it: the recording then starts when the stream is published. Replies immediately, and repeating the request gives the same reply. If the stream is being published, the recording ends with that session; otherwise it covers all publishers to come, until it is stopped.',
      params: StreamParams,
      body: Type.Object(
        {
          base_dir: Type.Optional(
            Type.Unsafe<string | null>({
              type: ['string', 'null'],
              minLength: 1,
              maxLength: 1024,
              description:
                'Folder below the storage root that will contain the folder of the stream. At most 12 parts, none of which consists of four digits. Not allowed with a token for a single stream.',
            }),
          ),
        },
        {
          title: 'RecordingRequest',
          additionalProperties: false,
          examples: [{ base_dir: 'archive/1753315200' }],
        },
      ),
      response: {
        200: Type.Object(
          {
            id: Type.String({ description: 'The stream.' }),
            record_id: Type.Optional(
              Type.String({
                description:
                  'Unix time of the start in seconds, ten digits. Absent if the request has a `base_dir`, as Liveman sends it, and the stream is not being published.',
              }),
            ),
            record_dir: Type.String({
              description: 'Object path of the folder that is recorded to.',
            }),
            mpd_path: Type.String({ description: 'Object path of the manifest.' }),
          },
          {
            title: 'RecordingStarted',
            description: 'The recording is running or waiting for a publisher.',
            examples: [
              {
                id: 'cam1',
                record_id: '1753315200',
                record_dir: 'cam1/2025/07/24',
                mpd_path: 'cam1/2025/07/24/manifest.mpd',
              },
            ],
          },
        ),
        400: errorReply(
          'The stream name, the base directory or the body is invalid.',
          'base_dir: must not contain "." or ".." as a path part',
        ),
        403: errorReply(
          'The token does not allow this request, or not with a base directory.',
          ONE_FOLDER,
        ),
        413: errorReply('The body is larger than 256 KiB.', 'Request body is too large'),
        415: errorReply('The body is not JSON.', 'Unsupported Media Type'),
        429: errorReply(
          'The maximum number of streams is waiting for a publisher.',
          '1000 streams wait for a publisher already: DELETE /api/recorder/armed cancels these requests, [recorder] max_armed_streams sets the limit',
        ),
        503: errorReply('The recorder is stopping.', 'the recorder is stopping'),
        507: errorReply(
          'Too much data is waiting for upload; no new recording is started.',
          'too much data waits for upload: no recording begins until the store has accepted some of it, see GET /api/storage',
        ),
      },
    },
    preValidation: async (request) => {
      request.body ??= {};
    },
    handler: async (request) => {
      const { stream } = request.params;
      const { base_dir: baseDir } = request.body;
      if (typeof baseDir === 'string' && app.authorizer.callerOf(request)?.stream !== '*') {
        throw new RequestError(403, ONE_FOLDER);
      }
      const started = await app.recorder.start(stream, baseDir ?? undefined);
      // Liveman always sends `base_dir` and keeps every record that is reported to it in its list,
      // even if the stream is never published. It lists nothing if the reply has no identifier, as
      // after the 500 of a Live777 node.
      const isListed = baseDir === undefined || !started.isWaiting;
      return {
        id: started.stream,
        ...(isListed && { record_id: started.recordId }),
        record_dir: started.recordDir,
        mpd_path: started.mpdPath,
      };
    },
  });

  app.route({
    method: 'GET',
    url: '/:stream',
    schema: {
      tags: ['record'],
      operationId: 'getRecording',
      summary: 'Get the state of a recording',
      description: 'Whether a stream is being recorded, and what has been received.',
      params: StreamParams,
      response: { 200: RecordStatusJson, 400: badStreamId },
    },
    handler: async (request) => {
      const { stream } = request.params;
      const status = await app.recorder.status(stream);
      return { recording: isRecording(status), id: stream, ...statusJson(status) };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/:stream',
    config: { access: 'execute' },
    schema: {
      tags: ['record'],
      operationId: 'stopRecording',
      summary: 'Stop a recording',
      description:
        'Stops or disarms a recording, and replies when the last segment has been stored. Succeeds if nothing was running.',
      params: StreamParams,
      response: {
        200: Type.Object({}, { title: 'Empty', description: 'The stream is no longer recorded.' }),
        400: badStreamId,
      },
    },
    handler: async (request) => {
      await app.recorder.stop(request.params.stream);
      return {};
    },
  });
};

export default plugin;
