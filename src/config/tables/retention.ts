import { type Static, Type } from 'typebox';
import { AGE, NO_LIMIT } from '../../retention/retention-rules.ts';
import { SPOOL_LIMIT } from '../../storage/spool/spool-limit.ts';
import { CLOSED, streamPattern } from './values.ts';

const age = Type.Optional(
  Type.String({
    pattern: `${AGE.source}|^${NO_LIMIT}$`,
    description: `an age such as "30d", "12h" or "90m", or "${NO_LIMIT}"`,
    examples: ['30d'],
  }),
);
const size = Type.Optional(
  Type.String({
    pattern: SPOOL_LIMIT.source,
    description: 'a size such as "500GB"',
    examples: ['500GB'],
  }),
);

/** The table `[recorder.retention]`. */
export const RetentionTable = Type.Object(
  {
    /** Age at which segments are deleted. */
    max_age: age,
    /** Total size of all segments. */
    max_size: size,
    /** What stays free on the disk of the recordings. */
    min_free: Type.Optional(
      Type.String({
        pattern: SPOOL_LIMIT.source,
        description: 'a size such as "50GB", or a share of the disk such as "10%"',
        examples: ['10%'],
      }),
    ),
    /** How long files stay after the manifest stopped naming them, seconds. */
    grace_seconds: Type.Integer({
      minimum: 5,
      maximum: 3600,
      description: 'a whole number of seconds from 5 to 3600',
      default: 60,
    }),
    streams: Type.Array(
      Type.Object({ match: streamPattern('cam*'), max_age: age, max_size: size }, CLOSED),
      { description: 'tables [[recorder.retention.streams]]', default: [] },
    ),
  },
  { ...CLOSED, description: 'a table', default: {} },
);
export type RetentionTable = Static<typeof RetentionTable>;
