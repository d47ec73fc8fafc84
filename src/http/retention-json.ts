import { type Static, Type } from 'typebox';
import type { Deletion, DeletionPlan, KeptReason } from '../retention/deletion-plan.ts';
import { deletionSummaries } from '../retention/deletion-summary.ts';
import type { RangeDeletion, RetentionFigures } from '../retention/media-retention.ts';
import type { Protection } from '../retention/protections.ts';

const us = (description: string) =>
  Type.Integer({ description: `${description}, µs since the Unix epoch.` });

/** A protected stretch of a stream. */
export const ProtectionJson = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    stream: Type.String(),
    start_ts: us('Its start'),
    end_ts: us('Its end, exclusive'),
    note: Type.String(),
    created_ts: us('When it was made'),
  },
  { title: 'Protection', description: 'A stretch of a stream that nothing deletes.' },
);

/** What is deleted of a stream, or left of it. */
const DeletionJson = Type.Object(
  {
    stream: Type.String(),
    reason: Type.Enum(['max_age', 'max_size', 'min_free', 'request', 'missing', 'interrupted'], {
      title: 'DeletionReason',
      description:
        'The rule that names it; request: it was asked for; missing: its files were gone already; interrupted: it was being deleted when the index was lost.',
    }),
    start_ts: us('Start of the earliest segment'),
    end_ts: us('End of the latest segment'),
    segments: Type.Integer(),
    bytes: Type.Integer(),
  },
  { title: 'Deletion' },
);

const Deletions = Type.Array(DeletionJson, {
  description: 'One element for each stream and reason.',
});
const DryRun = Type.Boolean({ description: 'True if nothing was deleted.' });

/** Reply to a sweep by the rules. */
export const SweepJson = Type.Object(
  {
    dry_run: DryRun,
    deleted: Deletions,
    kept_bytes: Type.Object(
      { protected: Type.Integer(), in_use: Type.Integer() },
      {
        title: 'KeptBytes',
        description: 'Bytes that the rules name, and that are protected or being exported.',
      },
    ),
    unmet: Type.Array(
      Type.Object(
        { rule: Type.Enum(['max_size', 'min_free']), bytes: Type.Integer() },
        { title: 'UnmetLimit' },
      ),
      { description: 'Limits that this does not meet, and how many bytes are missing.' },
    ),
  },
  {
    title: 'Sweep',
    description:
      'What the rules delete now. It is no longer listed and no manifest names it; its files follow after `grace_seconds`.',
    examples: [
      {
        dry_run: true,
        deleted: [
          {
            stream: 'cam1',
            reason: 'max_age',
            start_ts: 1753315200000000,
            end_ts: 1753318800000000,
            segments: 720,
            bytes: 1132462080,
          },
        ],
        kept_bytes: { protected: 3145728, in_use: 0 },
        unmet: [],
      },
    ],
  },
);

/** Reply to the deletion of a range. */
export const RangeDeletionJson = Type.Object(
  {
    dry_run: DryRun,
    deleted: Deletions,
    protected: Type.Array(DeletionJson, { description: 'What is protected, and so left.' }),
    in_use: Type.Array(DeletionJson, { description: 'What is being exported, and so left.' }),
  },
  {
    title: 'RangeDeletion',
    description:
      'Whole segments within the range, sound and picture together; those that reach over a bound are left. Deleted ones are no longer listed; their files follow after `grace_seconds`.',
    examples: [
      {
        dry_run: false,
        deleted: [
          {
            stream: 'cam1',
            reason: 'request',
            start_ts: 1753315200000000,
            end_ts: 1753318800000000,
            segments: 720,
            bytes: 1132462080,
          },
        ],
        protected: [],
        in_use: [],
      },
    ],
  },
);

/** Reply of `GET /api/retention`. */
export const RetentionJson = Type.Object(
  {
    deleted_segments: Type.Integer({ description: 'Segments deleted since the start.' }),
    deleted_bytes: Type.Integer(),
    leaving_segments: Type.Integer({
      description: 'Segments that are no longer listed and whose files are still there.',
    }),
    leaving_bytes: Type.Integer(),
    unmet_limits: Type.Integer({ description: 'Number of limits that cannot be met.' }),
  },
  { title: 'Retention', description: 'What is deleted.' },
);

/** A protection as in replies. */
export function protectionJson(protection: Protection): Static<typeof ProtectionJson> {
  const { id, stream, startUs, endUs, note, createdUs } = protection;
  return { id, stream, start_ts: startUs, end_ts: endUs, note, created_ts: createdUs };
}

/** A plan as in replies. */
export function sweepJson(plan: DeletionPlan, isDryRun: boolean): Static<typeof SweepJson> {
  const { deletions, kept, unmet } = plan;
  return {
    dry_run: isDryRun,
    deleted: summaries(deletions),
    kept_bytes: { protected: kept.protected ?? 0, in_use: kept.in_use ?? 0 },
    unmet,
  };
}

/** The deletion of a range as in replies. */
export function rangeDeletionJson(
  { deletions, kept }: RangeDeletion,
  isDryRun: boolean,
): Static<typeof RangeDeletionJson> {
  const left = (reason: KeptReason) => summaries(kept[reason] ?? []);
  return {
    dry_run: isDryRun,
    deleted: summaries(deletions),
    protected: left('protected'),
    in_use: left('in_use'),
  };
}

/** The figures as in replies. */
export function retentionJson(figures: RetentionFigures): Static<typeof RetentionJson> {
  return {
    deleted_segments: figures.deletedSegments,
    deleted_bytes: figures.deletedBytes,
    leaving_segments: figures.leavingSegments,
    leaving_bytes: figures.leavingBytes,
    unmet_limits: figures.unmetLimits,
  };
}

function summaries(deletions: readonly Deletion[]): Static<typeof DeletionJson>[] {
  return deletionSummaries(deletions).map(({ startUs, endUs, ...summary }) => ({
    ...summary,
    start_ts: startUs,
    end_ts: endUs,
  }));
}
