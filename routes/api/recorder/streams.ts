import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { errorReply } from '../../../src/http/errors.ts';
import { endlessEventsReplies } from '../../../src/http/event-stream-replies.ts';
import { snapshotReplies } from '../../../src/http/snapshot-replies.ts';
import { storageState } from '../../../src/http/storage-state.ts';
import { StreamJson } from '../../../src/http/stream-json.ts';
import { streamList } from '../../../src/http/stream-list.ts';

const Query = Type.Object(
  { stream: Type.Optional(Type.String({ description: 'Only this stream.' })) },
  { additionalProperties: false },
);

/** Everything the console shows of the present, in one request or as it changes. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/streams',
    {
      schema: {
        tags: ['record'],
        operationId: 'listStreams',
        summary: 'List streams and their recordings',
        description:
          'All streams that are published, armed, being recorded, or were recorded at any time, with their folders.',
        querystring: Query,
        response: {
          200: Type.Array(StreamJson, { description: 'The streams, in no particular order.' }),
          400: errorReply(
            'A parameter is unknown; the message names it.',
            'query: unknown "streams"',
          ),
        },
      },
    },
    async (request) =>
      streamList(await app.recorder.streams(), app.segmentIndex, request.query.stream),
  );

  const replyTo = snapshotReplies(app, async (statuses, named) => {
    const [stream] = typeof named === 'string' ? [named] : named;
    const streams = streamList(statuses, app.segmentIndex, stream);
    for (const each of streams) each.recordings = newest(each.recordings);
    // The storage is everybody's, and so nothing for a token of one stream.
    if (stream !== undefined) return JSON.stringify({ streams });
    const storage = await storageState(app.store, app.config.recorder.storage.type, app.disk);
    return JSON.stringify({ streams, storage });
  });

  app.get(
    '/events',
    {
      // The headers alone would be asked for by nobody, and would leave a reply without an end.
      exposeHeadRoute: false,
      schema: {
        tags: ['record'],
        operationId: 'followStreams',
        summary: 'Follow streams and storage',
        description:
          'Server-sent events. The data of each event is an object: `streams` as `GET /api/recorder/streams` lists them, each with its newest folder alone, and, without `stream`, `storage` as `GET /api/storage` returns it. One event is sent immediately, and one after each change, at most once a second; comments keep the connection open in between.',
        querystring: Query,
        response: {
          ...endlessEventsReplies(
            'data: {"streams":[{"stream":"cam1","state":"waiting","tracks":[],"recordings":[]}]}\n\n',
          ),
          400: errorReply(
            'A parameter is unknown; the message names it.',
            'query: unknown "streams"',
          ),
        },
      },
    },
    (request, reply) => replyTo(request, reply, request.query.stream) as never,
  );
};

/** The folder with the newest media, in a list by itself. */
function newest<Folder extends { end_ts: number }>(folders: Folder[]): Folder[] {
  let [found] = folders;
  for (const folder of folders) if (folder.end_ts > (found?.end_ts ?? 0)) found = folder;
  return found === undefined ? [] : [found];
}

export default plugin;
