import { type Static, Type } from 'typebox';
import { CODEC_NAMES } from '../codecs/registry.ts';
import { StreamId } from '../layout/stream-id.ts';
import { SPOOL_LIMIT } from '../storage/spool/spool-limit.ts';

/**
 * What live777.toml may hold, as it is written there. Each value has a `description`, which ends
 * the sentence "expected …" of an error, and `examples`, of which an error shows the first.
 */

const closed = { additionalProperties: false };
const flag = (options: object = {}) =>
  Type.Optional(Type.Boolean({ description: 'true or false', examples: [true], ...options }));
const text = (example: string, description = 'text in quotes') =>
  Type.Optional(Type.String({ minLength: 1, description, examples: [example] }));
/** Text that Live777 writes as `""` where it has none. */
const textOrEmpty = (example: string) =>
  Type.Optional(Type.String({ description: 'text in quotes', examples: [example] }));

const quoted = CODEC_NAMES.map((name) => `"${name}"`).join(', ');

const HttpTable = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        description: 'an address and a port, "HOST:PORT"',
        examples: ['127.0.0.1:7778'],
      }),
    ),
    cors: flag(),
    hosts: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^(?!-)[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*\\.?$',
          description: 'the name of a host, without a port',
          examples: ['recorder.example.org'],
        }),
        { description: 'a list of host names', examples: [['recorder.example.org']] },
      ),
    ),
    trust_proxy: Type.Optional(
      Type.Array(
        Type.String({
          minLength: 1,
          description: 'the IP address of a proxy, or a network such as "10.0.0.0/8"',
          examples: ['127.0.0.1'],
        }),
        { description: 'a list of addresses of proxies', examples: [['127.0.0.1']] },
      ),
    ),
    request_timeout_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        description: 'a whole number of seconds from 1 to 3600',
        examples: [30],
      }),
    ),
  },
  closed,
);

const LogTable = Type.Object(
  {
    level: Type.Optional(
      Type.Enum(['off', 'error', 'warn', 'info', 'debug', 'trace'], {
        description: 'one of "off", "error", "warn", "info", "debug", "trace"',
        examples: ['info'],
      }),
    ),
  },
  closed,
);

const AuthTable = Type.Object(
  {
    secret: textOrEmpty('a long random text'),
    tokens: Type.Optional(
      Type.Array(
        Type.String({
          minLength: 1,
          description: 'a token that is not empty',
          examples: ['a long random text'],
        }),
        { description: 'a list of tokens', examples: [['a long random text']] },
      ),
    ),
  },
  closed,
);

const IceServerTable = Type.Object(
  {
    urls: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^(?:stuns?|turns?):[^\\s<>"]+$',
          description: 'a stun:, stuns:, turn: or turns: address',
          examples: ['stun:stun.example.org:3478'],
        }),
        {
          description: 'a list of stun: or turn: addresses',
          examples: [['stun:stun.example.org:3478']],
        },
      ),
    ),
    username: textOrEmpty('live777'),
    credential: textOrEmpty('live777'),
  },
  closed,
);

const udpPort = Type.Integer({
  minimum: 1,
  maximum: 65535,
  description: 'a port from 1 to 65535',
  examples: [50000],
});

const WebrtcTable = Type.Object(
  {
    ice_udp_addrs: Type.Optional(
      Type.Array(
        Type.String({
          description: '"auto" or an IP address with or without a port',
          examples: ['192.0.2.10:0'],
        }),
        {
          minItems: 1,
          description: 'a list of "auto" or IP addresses with or without a port',
          examples: [['auto']],
        },
      ),
    ),
    ice_port_range: Type.Optional(
      Type.Array(udpPort, {
        minItems: 2,
        maxItems: 2,
        description: 'the first and the last port, [min, max]',
        examples: [[50000, 50999]],
      }),
    ),
  },
  closed,
);

const SourceTable = Type.Object(
  {
    // Exactly one of url and whep: looked at in `sourceProblems`.
    url: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#@]+(?:/[^\\s?#]*)?$',
        description: 'the http:// or https:// address of a Live777 node or of Liveman',
        examples: ['http://127.0.0.1:7777'],
      }),
    ),
    whep: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s/?#@]+(?:[/?][^\\s#]*)?$',
        description: 'the http:// or https:// address of a WHEP endpoint',
        examples: ['http://127.0.0.1:8889/cam1/whep'],
      }),
    ),
    stream: Type.Optional(StreamId),
    // It becomes part of a header (RFC 9110 §5.5).
    token: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]*$',
        description: 'a token without spaces',
        examples: ['live777'],
      }),
    ),
  },
  closed,
);

const ShardTable = Type.Object(
  {
    index: Type.Integer({
      minimum: 0,
      maximum: 999,
      description: 'a whole number from 0 to count - 1',
      examples: [0],
    }),
    count: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'a whole number from 1 to 1000',
      examples: [3],
    }),
  },
  { ...closed, description: 'a table { index, count }', examples: [{ index: 0, count: 3 }] },
);

const FsTable = Type.Object(
  {
    type: Type.Optional(Type.Literal('fs')),
    root: text('./records', 'the path of a folder'),
  },
  closed,
);

const bucket = Type.String({
  minLength: 1,
  description: 'the name of a bucket',
  examples: ['my-recordings'],
});

const endpoint = (example: string) =>
  Type.Optional(
    Type.String({
      pattern: '^[^@\\s]+$',
      description: 'an address without user and password',
      examples: [example],
    }),
  );

/** Where what is recorded waits until a bucket has it: in the tables of s3 and oss. */
const spool = {
  spool_dir: text('./spool', 'the path of a folder'),
  spool_max: Type.Optional(
    Type.String({
      // A number and a unit; read by `spoolLimitOf`.
      pattern: SPOOL_LIMIT.source,
      description: 'a size such as "20GB", or a share of the disk such as "80%"',
      examples: ['80%'],
    }),
  ),
  spool_full: Type.Optional(
    Type.Enum(['stop', 'drop_oldest'], {
      description: 'one of "stop", "drop_oldest"',
      examples: ['stop'],
    }),
  ),
  spool_drop_streams: Type.Optional(
    Type.Array(
      Type.String({ minLength: 1, description: 'a stream name or pattern', examples: ['test-*'] }),
      { minItems: 1, description: 'a list of stream names or patterns', examples: [['test-*']] },
    ),
  ),
};

const S3Table = Type.Object(
  {
    type: Type.Literal('s3'),
    bucket,
    root: textOrEmpty('/recordings'),
    region: text('us-east-1'),
    endpoint: endpoint('http://127.0.0.1:9000'),
    access_key_id: text('AKIAIOSFODNN7EXAMPLE'),
    secret_access_key: text('…'),
    session_token: text('…'),
    disable_config_load: flag(),
    enable_virtual_host_style: flag(),
    ...spool,
  },
  closed,
);

const OssTable = Type.Object(
  {
    type: Type.Literal('oss'),
    bucket,
    root: textOrEmpty('/recordings'),
    region: text('oss-cn-hangzhou'),
    endpoint: endpoint('https://oss-cn-hangzhou.aliyuncs.com'),
    access_key_id: text('…'),
    access_key_secret: text('…'),
    security_token: text('…'),
    ...spool,
  },
  closed,
);

/** The table `[recorder.storage]` of each type. */
export const storageTables = { fs: FsTable, s3: S3Table, oss: OssTable };

const RecorderTable = Type.Object(
  {
    auto_streams: Type.Optional(
      Type.Array(
        Type.String({ minLength: 1, description: 'a stream name or pattern', examples: ['cam*'] }),
        { description: 'a list of stream names or patterns', examples: [['*']] },
      ),
    ),
    max_armed_streams: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100_000,
        description: 'a whole number from 0 to 100000',
        examples: [1000],
      }),
    ),
    node_alias: text('live777-node-001'),
    max_recording_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 31_536_000,
        description: 'a whole number of seconds from 0 (off) to 31536000',
        examples: [86400],
      }),
    ),
    index_path: text('./records/.index/segments.jsonl', 'the path of a file'),
    index_retention_days: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 36_500,
        description: 'a whole number of days from 0 (for ever) to 36500',
        examples: [30],
      }),
    ),
    workers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        description: 'a whole number from 1 to 256',
        examples: [2],
      }),
    ),
    segment_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 60,
        description: 'a whole number of seconds from 1 to 60',
        examples: [10],
      }),
    ),
    on_loss: Type.Optional(
      Type.Enum(['freeze', 'keep'], {
        description: 'one of "freeze", "keep"',
        examples: ['freeze'],
      }),
    ),
    codecs: Type.Optional(
      Type.Array(
        Type.Enum([...CODEC_NAMES], {
          description: `one of ${quoted}`,
          examples: [CODEC_NAMES[0]],
        }),
        { description: `a list of codecs out of ${quoted}`, examples: [[...CODEC_NAMES]] },
      ),
    ),
    // Checked on its own once its type is known, so that errors speak of one kind of storage only.
    storage: Type.Optional(
      Type.Object(
        {
          type: Type.Optional(
            Type.Enum(['fs', 's3', 'oss'], {
              description: 'one of "fs", "s3", "oss"',
              examples: ['fs'],
            }),
          ),
        },
        { description: 'a table', additionalProperties: true },
      ),
    ),
    sources: Type.Optional(Type.Array(SourceTable, { description: 'tables [[recorder.sources]]' })),
    resume_grace_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3600,
        description: 'a whole number of seconds from 0 to 3600',
        examples: [30],
      }),
    ),
    shard: Type.Optional(ShardTable),
  },
  { ...closed, description: 'a table' },
);

const PlaybackTable = Type.Object(
  {
    signed_redirect: flag(),
    signed_ttl_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 604_800,
        description: 'a whole number of seconds from 1 to 604800',
        examples: [60],
      }),
    ),
  },
  closed,
);

/** The tables of live777.toml that this program reads. */
export const ConfigFile = Type.Object(
  {
    http: Type.Optional(HttpTable),
    log: Type.Optional(LogTable),
    auth: Type.Optional(AuthTable),
    ice_servers: Type.Optional(
      Type.Array(IceServerTable, { description: 'tables [[ice_servers]]' }),
    ),
    webrtc: Type.Optional(WebrtcTable),
    recorder: Type.Optional(RecorderTable),
    playback: Type.Optional(PlaybackTable),
  },
  closed,
);
export type ConfigFile = Static<typeof ConfigFile>;

/** `[recorder.storage]` after it was checked against the table of its type. */
export type StorageTable =
  | Static<typeof FsTable>
  | Static<typeof S3Table>
  | Static<typeof OssTable>;

/** What Live777 reads and this program has no use for; it may stand in the file. */
export const live777Only: { tables: readonly string[]; keys: readonly string[][] } = {
  tables: ['hooks', 'net4mqtt', 'rtsp', 'sdp', 'strategy', 'stream'],
  keys: [
    ['recorder', 'upload'],
    ['recorder', 'rotate_daily'],
    ['recorder', 'rotate_tz_offset_minutes'],
    ['webrtc', 'ice_lite'],
  ],
};
