import { availableParallelism, hostname } from 'node:os';
import { Type } from 'typebox';
import { CODEC_NAMES } from '../../codecs/registry.ts';
import { SPOOL_LIMIT } from '../../storage/spool/spool-limit.ts';
import { RetentionTable } from './retention.ts';
import { ShardTable, SourceTable } from './source.ts';
import { AnyStorageTable } from './storage.ts';
import { CLOSED, streamPattern } from './values.ts';
import { WebhookTable } from './webhook.ts';

const QUOTED_CODECS = CODEC_NAMES.map((name) => `"${name}"`).join(', ');

/** The table `[recorder]`. */
export const RecorderTable = Type.Object(
  {
    /** Patterns of the streams that are recorded as soon as somebody publishes them. */
    auto_streams: Type.Array(streamPattern('cam*'), {
      description: 'a list of stream names or patterns',
      examples: [['*']],
      default: [],
    }),
    /** Maximum number of streams that wait for a publisher. */
    max_armed_streams: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      description: 'a whole number from 0 to 100000',
      default: 1000,
    }),
    /** Name of this node in the segment index. */
    node_alias: Type.String({
      minLength: 1,
      description: 'text in quotes',
      examples: ['live777-node-001'],
      default: hostname(),
    }),
    /**
     * Maximum length of a record, seconds; the next record begins without losing a frame. 0: only
     * at midnight UTC.
     */
    max_recording_seconds: Type.Integer({
      minimum: 0,
      maximum: 31_536_000,
      description: 'a whole number of seconds from 0 (off) to 31536000',
      default: 86_400,
    }),
    // By default beside the recordings or in the spool; see `indexPathOf`.
    index_path: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the path of a file',
        examples: ['./records/.index/segments.jsonl'],
      }),
    ),
    /** Age at which segments and records are removed from index and catalogue, days; 0: never. */
    index_retention_days: Type.Integer({
      minimum: 0,
      maximum: 36_500,
      description: 'a whole number of days from 0 (for ever) to 36500',
      default: 30,
    }),
    /** Number of threads that record streams. */
    workers: Type.Integer({
      minimum: 1,
      maximum: 256,
      description: 'a whole number from 1 to 256',
      examples: [2],
      default: Math.max(1, availableParallelism() - 1),
    }),
    /** Target duration of a segment, seconds; it ends at the first keyframe after that. */
    segment_seconds: Type.Integer({
      minimum: 1,
      maximum: 60,
      description: 'a whole number of seconds from 1 to 60',
      default: 10,
    }),
    /** After a loss: omit what cannot be decoded, or record every access unit that was received. */
    on_loss: Type.Enum(['freeze', 'keep'], {
      description: 'one of "freeze", "keep"',
      default: 'freeze',
    }),
    /** Codecs that are recorded, in order of preference; at least one of each kind. */
    codecs: Type.Array(
      Type.Enum([...CODEC_NAMES], {
        description: `one of ${QUOTED_CODECS}`,
        examples: [CODEC_NAMES[0]],
      }),
      { description: `a list of codecs out of ${QUOTED_CODECS}`, default: [...CODEC_NAMES] },
    ),
    /** Free space of the disk below which a warning is logged: sizes, or shares of the disk. */
    disk_warnings: Type.Array(
      Type.String({
        pattern: SPOOL_LIMIT.source,
        description: 'a size such as "20GB", or a share of the disk such as "5%"',
        examples: ['10%'],
      }),
      { description: 'a list of sizes or shares of the disk', default: ['10%', '5%'] },
    ),
    storage: AnyStorageTable,
    retention: RetentionTable,
    sources: Type.Array(SourceTable, { description: 'tables [[recorder.sources]]', default: [] }),
    /** Receivers of events. */
    webhooks: Type.Array(WebhookTable, {
      description: 'tables [[recorder.webhooks]]',
      default: [],
    }),
    /** How long a record stays open for a lost publisher, seconds. */
    resume_grace_seconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      description: 'a whole number of seconds from 0 to 3600',
      default: 30,
    }),
    shard: Type.Optional(ShardTable),
  },
  { ...CLOSED, description: 'a table', default: {} },
);
