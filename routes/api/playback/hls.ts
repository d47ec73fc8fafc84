import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import '../../../src/http/decorators.ts';
import { errorReply } from '../../../src/http/errors.ts';
import {
  objectRoot,
  playedRange,
  RANGE_HEADERS,
  RANGE_REPLIES,
  RangeQuery,
} from '../../../src/http/playback-range.ts';
import { StreamParams } from '../../../src/http/stream-id.ts';
import { replyWithTag } from '../../../src/http/tagged-reply.ts';
import { PLAYLIST_TYPE } from '../../../src/layout/media-type.ts';
import { pathsToFillLike } from '../../../src/playback/filler-segments.ts';
import { hlsMediaPlaylist } from '../../../src/playback/hls-media-playlist.ts';
import {
  checkForHls,
  hlsMultivariantPlaylist,
} from '../../../src/playback/hls-multivariant-playlist.ts';

const RESPONSE = {
  200: {
    description: 'The playlist.',
    headers: RANGE_HEADERS,
    content: { [PLAYLIST_TYPE]: { schema: Type.String() } },
  },
  400: errorReply(
    'The stream name or a bound of the range is invalid, or what is recorded is not in MP4 files; the message says which.',
    'end: must be later than start',
  ),
  404: errorReply(
    'There is nothing in this range, or nothing of this kind.',
    'nothing is recorded of cam1 in this range',
  ),
  ...RANGE_REPLIES,
};

/** A range of what was recorded, for HLS players. */
const plugin: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/:stream/index.m3u8',
    {
      schema: {
        tags: ['read'],
        operationId: 'getHlsPlaylist',
        summary: 'Play a range with HLS',
        description:
          'An HLS playlist (RFC 8216bis) of any range, over gaps, days and codecs; it refers to one of the pictures and one of the sound. Players begin exactly at `start`, or, while the stream is being recorded and the range has no end, or one that is yet to come, near the end. Segments are the recorded files, read from `/api/record/object/` with the same token; where one has pictures and another of them sound alone, silence and black pictures fill in. HLS carries what is recorded as MP4, not VP8.',
        params: StreamParams,
        querystring: RangeQuery,
        response: RESPONSE,
      },
    },
    async (request, reply) => {
      const { range, isLive } = await playedRange(app, request, reply);
      checkForHls(range);
      const query = new URLSearchParams(request.query).toString();
      const playlists = { video: `video.m3u8?${query}`, audio: `audio.m3u8?${query}` };
      const likes = pathsToFillLike(range, 'video');
      const fillers = await Promise.all(likes.map((path) => app.fillers.like(path)));
      const fillerCodecs = fillers.map((filler) => filler.codecs);
      const frameRate = await app.frameRates.of(range);
      const text = hlsMultivariantPlaylist(range, isLive, playlists, { fillerCodecs, frameRate });
      return replyWithTag(request, reply, PLAYLIST_TYPE, text);
    },
  );

  for (const [kind, operationId, what] of [
    ['video', 'getHlsVideoPlaylist', 'pictures'],
    ['audio', 'getHlsAudioPlaylist', 'sound'],
  ] as const) {
    app.get(
      `/:stream/${kind}.m3u8`,
      {
        schema: {
          tags: ['read'],
          operationId,
          summary: `Play the ${what} of a range with HLS`,
          description: `The Media Playlist of the ${what}, to which \`index.m3u8\` refers.`,
          params: StreamParams,
          querystring: RangeQuery,
          response: RESPONSE,
        },
      },
      async (request, reply) => {
        const { range, isLive } = await playedRange(app, request, reply);
        checkForHls(range);
        const text = hlsMediaPlaylist(range, kind, {
          isLive,
          objectRoot: objectRoot(app, request),
          segmentSeconds: app.config.recorder.segmentSeconds,
        });
        return replyWithTag(request, reply, PLAYLIST_TYPE, text);
      },
    );
  }
};

export default plugin;
