import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { type FolderJson, StreamJson, statusJson } from '../../../src/http/stream-json.ts';

/** Media may be older than the moment at which its recording began by this, µs. */
const TRANSIT_US = 1_000_000;

/** Everything the console shows, in one request. */
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
        response: {
          200: Type.Array(StreamJson, { description: 'The streams, in no particular order.' }),
        },
      },
    },
    async () => {
      const statuses = await app.recorder.streams();
      const begun = new Map(
        statuses
          .filter(({ isPlayable }) => isPlayable === false)
          .map(({ recordDir, startedAtUs = 0 }) => [recordDir, startedAtUs]),
      );
      const folders = new Map<string, Static<typeof FolderJson>[]>();
      for (const { stream, folder, ...summary } of app.segmentIndex.folders()) {
        const ofStream = folders.get(stream) ?? [];
        folders.set(stream, ofStream);
        ofStream.push({
          folder,
          // What was recorded there before has a manifest in any case.
          ...(summary.startUs < (begun.get(folder) ?? Number.POSITIVE_INFINITY) - TRANSIT_US && {
            mpd_path: `${folder}/manifest.mpd`,
          }),
          start_ts: summary.startUs,
          end_ts: summary.endUs,
          segments: summary.segments,
          bytes: summary.bytes,
        });
      }
      const present = new Set(statuses.map(({ stream }) => stream));
      const onlyRecorded = [...folders.keys()].filter((stream) => !present.has(stream));
      return [
        ...statuses.map((status) => ({ stream: status.stream, ...statusJson(status) })),
        ...onlyRecorded.map((stream) => ({ stream, state: 'idle' as const, tracks: [] })),
      ].map((status) => ({ ...status, recordings: folders.get(status.stream) ?? [] }));
    },
  );
};

export default plugin;
