import HLS from 'hls-parser';
import t from 'tap';
import type { RecordedApp } from './recorded-app.ts';

HLS.setOptions({ strictMode: true });

/** All playlists of a range, checked against the rules of RFC 8216 that the parser knows. */
export async function playlistsOf({ app }: RecordedApp, query: string) {
  const get = async (name: string) => {
    const reply = await app.inject(`/api/playback/cam1/${name}`);
    t.equal(reply.statusCode, 200, name);
    t.equal(reply.headers['content-type'], 'application/vnd.apple.mpegurl');
    return reply.body;
  };
  const index = HLS.parse(await get(`index.m3u8?${query}`)) as HLS.types.MasterPlaylist;
  const [variant] = index.variants;
  const media = async (uri: string) => HLS.parse(await get(uri)) as HLS.types.MediaPlaylist;
  const [rendition] = variant!.audio;
  return {
    index,
    variant: variant!,
    /** Or what there is alone. */
    video: await media(variant!.uri),
    audio: rendition && (await media(rendition.uri!)),
  };
}
