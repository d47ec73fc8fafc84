import { type Static, Type } from 'typebox';
import { AuthTable, HttpTable, LogTable, PlaybackTable } from './tables/http.ts';
import { RecorderTable } from './tables/recorder.ts';
import { IceServerTable, WebrtcTable } from './tables/webrtc.ts';

/**
 * The tables of live777.toml that this program reads, as they are written there; its type is what they
 * hold once the defaults are filled in. Each value has a `description`, which ends the sentence
 * "expected …" of an error, and `examples` or a `default`, of which an error shows the first.
 */
export const ConfigFile = Type.Object(
  {
    http: HttpTable,
    log: LogTable,
    auth: AuthTable,
    ice_servers: Type.Array(IceServerTable, {
      description: 'tables [[ice_servers]]',
      default: [],
    }),
    webrtc: WebrtcTable,
    recorder: RecorderTable,
    playback: PlaybackTable,
  },
  { additionalProperties: false },
);
export type ConfigFile = Static<typeof ConfigFile>;

/** What Live777 reads and this program has no use for; it may stand in the file. */
export const LIVE777_ONLY: { tables: readonly string[]; keys: readonly string[][] } = {
  tables: ['hooks', 'net4mqtt', 'rtsp', 'sdp', 'strategy', 'stream'],
  keys: [
    ['recorder', 'upload'],
    ['recorder', 'rotate_daily'],
    ['recorder', 'rotate_tz_offset_minutes'],
    ['webrtc', 'ice_lite'],
  ],
};
