import { type Static, Type } from 'typebox';
import { SPOOL_LIMIT } from '../../storage/spool/spool-limit.ts';
import { CLOSED, flag, folder, streamPattern, text, textOrEmpty } from './values.ts';

/**
 * `[recorder.storage]` with only its type checked; the rest is validated once the type is known, so
 * that errors refer to one kind of storage.
 */
export const AnyStorageTable = Type.Object(
  {
    type: Type.Enum(['fs', 's3', 'oss'], {
      description: 'one of "fs", "s3", "oss"',
      default: 'fs',
    }),
  },
  { description: 'a table', additionalProperties: true, default: {} },
);

const FsTable = Type.Object({ type: Type.Literal('fs'), root: folder('./records') }, CLOSED);

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

/** Keys of the spool, in the tables of s3 and oss. */
const spool = {
  spool_dir: folder('./spool'),
  spool_max: Type.String({
    // A number and a unit, see `spoolLimitOf`.
    pattern: SPOOL_LIMIT.source,
    description: 'a size such as "20GB", or a share of the disk such as "80%"',
    default: '80%',
  }),
  spool_full: Type.Enum(['stop', 'drop_oldest'], {
    description: 'one of "stop", "drop_oldest"',
    default: 'stop',
  }),
  spool_drop_streams: Type.Optional(
    Type.Array(streamPattern('test-*'), {
      minItems: 1,
      description: 'a list of stream names or patterns',
      examples: [['test-*']],
    }),
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
  CLOSED,
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
  CLOSED,
);

/** The table `[recorder.storage]` of each type. */
export const storageTables = { fs: FsTable, s3: S3Table, oss: OssTable };

/** `[recorder.storage]` after validation against the table of its type. */
export type StorageTable =
  | Static<typeof FsTable>
  | Static<typeof S3Table>
  | Static<typeof OssTable>;
