import { type Static, Type } from 'typebox';
import { AuthTable, HttpTable, LogTable, PlaybackTable } from './tables/http.ts';
import { RecorderTable } from './tables/recorder.ts';
import { IceServerTable, WebrtcTable } from './tables/webrtc.ts';

/**
 * The tables of live777.toml that this program reads; the type has all defaults filled in. Each
 * value has a `description`, which completes the sentence "expected …" in errors, and `examples` or
 * a `default`, the first of which is shown in errors.
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

/** Tables and keys that Live777 uses and this program ignores. */
export const LIVE777_ONLY: { tables: readonly string[]; keys: readonly string[][] } = {
  tables: ['hooks', 'net4mqtt', 'rtsp', 'sdp', 'strategy', 'stream'],
  keys: [
    ['recorder', 'upload'],
    ['recorder', 'rotate_daily'],
    ['recorder', 'rotate_tz_offset_minutes'],
    ['webrtc', 'ice_lite'],
  ],
};
