import { steadyNowUs } from '../clock/steady-clock.ts';
import { defaultConfigFile } from '../config/config-file.ts';
import { loadConfig } from '../config/load-config.ts';
import type { DeletionReport } from '../facts/deletion-report.ts';
import { freeSpace } from '../files/free-space.ts';
import { lockForRepair, runningRecorder } from '../files/storage-root-lock.ts';
import { IndexLife } from '../index-rebuild/index-life.ts';
import type { DeletionPlan } from '../retention/deletion-plan.ts';
import { deletionSummaries } from '../retention/deletion-summary.ts';
import { MediaRetention } from '../retention/media-retention.ts';
import { Protections } from '../retention/protections.ts';
import { deletesAnything } from '../retention/retention-rules.ts';
import { type Command, EXIT, parseCommand, refuseArguments } from './command.ts';
import { openRecordings } from './open-recordings.ts';
import { openPruneStorage, type PruneStorage } from './prune-storage.ts';

const USAGE = `Usage: live777-recorder prune [options]

Deletes what the rules of [recorder.retention] name: a running recorder does so by itself, so this is
for one that is stopped. What is protected stays. If the recordings are in a bucket, what waits in the
spool is uploaded, as far as it stays.

  -c, --config FILE   live777.toml to read; by default ./live777.toml, else the
                      config/live777.toml that comes with the program
  --dry-run           only tell what would be deleted
  --json              print the result as JSON
  -h, --help          print this

Exit code: 0 on success, 2 on failure.
`;

/** `live777-recorder prune`. */
export const pruneCommand: Command = {
  usage: USAGE,
  async run(args, { out, error }) {
    const { values, positionals } = parseCommand('prune', args, {
      config: { type: 'string', short: 'c' },
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean' },
    });
    refuseArguments('prune', positionals);
    const isDryRun = values['dry-run'] ?? false;
    const { recorder } = await loadConfig(values.config ?? defaultConfigFile());
    const { storage, retention: rules, indexPath, nodeAlias, resumeGraceSeconds } = recorder;
    if (!deletesAnything(rules)) {
      throw new Error('[recorder.retention] has no rule, so nothing is to be deleted');
    }
    const tell = (_: object, message: string) => error(`${message}\n`);
    const log = { info() {}, warn: tell, error: tell };
    const { root, reader, close } = await openRecordings(storage);
    const pid = await runningRecorder(root);
    if (pid !== undefined) {
      await close();
      throw new Error(
        `a recorder is running on ${root} (process ${pid}) and deletes by itself: POST /api/retention/sweep makes it do so now, and with dry_run=true tells what that would be`,
      );
    }
    const lock = await lockForRepair(root, log);
    try {
      const life = await IndexLife.open({
        ...{ indexPath, nodeAlias, resumeGraceSeconds, log },
        retentionDays: 0,
        isForDeletion: true,
      });
      let pruned: PruneStorage | undefined;
      // Not told if another attempt succeeds: a manifest has to be uploaded first.
      const reasons: (string | undefined)[] = [];
      try {
        if (!isDryRun) pruned = await openPruneStorage(storage, life, log);
        life.start({ reader, isWaiting: (path) => pruned?.isWaiting(path) ?? false });
        if (!(await life.completed)) throw new Error('the index lacks recordings');
        const retention = new MediaRetention({
          index: life.index,
          catalogue: life.catalogue,
          protections: await Protections.open(indexPath),
          // Nobody plays from a recorder that is stopped.
          rules: { ...rules, graceSeconds: 0 },
          ...(pruned ?? CHANGES_NOTHING),
          freeSpace: () => freeSpace(root),
          segmentSeconds: recorder.segmentSeconds,
          now: steadyNowUs,
          log: { ...log, warn: ({ reason }: { reason?: string }) => void reasons.push(reason) },
        });
        const plan = isDryRun ? await retention.dryRun() : await retention.sweep(false);
        out(values.json ? asJson(plan, isDryRun) : asText(plan, isDryRun));
        await pruned?.finish(retention).catch((err: Error) => {
          throw new Error(`${err.message} (${reasons.at(-1)})`, { cause: err });
        });
      } finally {
        await pruned?.close();
        await life.close();
      }
    } finally {
      await lock.release();
      await close();
    }
    return EXIT.clean;
  },
};

/** For a dry run. */
const CHANGES_NOTHING: Pick<PruneStorage, 'editor' | 'files'> = {
  editor: {
    forget: async () => ({ isEmpty: false, initializations: [] }),
    removeFolder: async () => false,
  },
  files: { remove: async () => undefined, removeRest: async () => undefined },
};

function asJson({ deletions, kept, unmet }: DeletionPlan, isDryRun: boolean): string {
  return `${JSON.stringify({
    dry_run: isDryRun,
    deleted: deletionSummaries(deletions).map(jsonOf),
    kept_bytes: { protected: kept.protected ?? 0 },
    unmet,
  })}\n`;
}

function jsonOf({ stream, reason, startUs, endUs, segments, bytes }: DeletionReport): object {
  return { stream, reason, start_ts: startUs, end_ts: endUs, segments, bytes };
}

function asText({ deletions, kept, unmet }: DeletionPlan, isDryRun: boolean): string {
  const verb = isDryRun ? 'would delete' : 'deleted';
  const lines = deletionSummaries(deletions).map(
    ({ stream, reason, startUs, endUs, segments, bytes }) =>
      `${stream}: ${verb} ${segments} segments, ${megabytes(bytes)}, from ${iso(startUs)} to ${iso(endUs)} (${reason})`,
  );
  if (lines.length === 0) lines.push('nothing is to be deleted');
  if (kept.protected !== undefined) lines.push(`${megabytes(kept.protected)} are protected`);
  for (const { rule, bytes } of unmet) {
    lines.push(`${rule} is not met: ${megabytes(bytes)} too much is protected or just recorded`);
  }
  return `${lines.join('\n')}\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function iso(us: number): string {
  return new Date(us / 1000).toISOString();
}
