import path from 'node:path';
import { UsageError } from '../command-line.ts';
import { loadConfig } from '../config/load-config.ts';
import { runningRecorder, storageRootOf } from '../files/storage-root-lock.ts';
import { filePath } from '../layout/object-path.ts';
import { hasFfmpeg } from '../verification/decode.ts';
import type { Verification } from '../verification/finding.ts';
import { recordingFolders } from '../verification/recording-folders.ts';
import {
  addToSummary,
  emptySummary,
  reportRows,
  summaryRow,
} from '../verification/verification-report.ts';
import { type VerifyOptions, verifyRecording } from '../verification/verify-recording.ts';
import { type Command, type CommandOutput, EXIT, parseCommand } from './command.ts';
import { findSpool, objectPathOf, openRecordings } from './open-recordings.ts';

const USAGE = `Usage: live777-recorder verify [options] PATH
       live777-recorder verify [options] --config FILE [PATH]

Checks recordings for holes, overlaps, lost files and damaged segments. PATH is a day folder,
a stream's folder or the storage root. Changes nothing; the recorder may be running.

  -c, --config FILE   live777.toml of the recorder. Required if it records to a bucket, whose
                      files are then checked too. PATH is below the storage root or in the
                      bucket, such as cam1/2026/11/22; the default is to check everything.
  --decode            also decode everything with ffmpeg
  --json              print the findings as JSON
  -h, --help          print this

Exit code: 0 if there is no damage, 1 if there is some, 2 if the check failed.
Damage is marked with "!"; other lines are for information, such as a gap between Periods.
`;

/** The recordings to check. */
interface Target {
  /** Folders are shown relative to this path. */
  root: string;
  live: boolean;
  recordings: { folder: string; stored?: VerifyOptions['stored'] }[];
  close?(): Promise<void>;
}

/** `live777-recorder verify PATH`. */
export const verifyCommand: Command = {
  usage: USAGE,
  async run(args, output) {
    const { values, positionals } = parseCommand('verify', args, {
      config: { type: 'string', short: 'c' },
      decode: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const [asked] = positionals;
    if (positionals.length > 1 || (asked === undefined && values.config === undefined)) {
      throw new UsageError('verify needs one PATH: a day folder, a stream’s folder or the root');
    }
    if (values.decode && !hasFfmpeg()) {
      throw new UsageError('--decode needs ffmpeg in PATH: apt-get install ffmpeg');
    }
    const target = await (values.config === undefined
      ? onDisk(asked!)
      : ofConfig(values.config, asked));
    try {
      if (target.recordings.length === 0) {
        throw new Error(`${asked ?? target.root}: there is no recording here`);
      }
      return await verify(target, values, output);
    } finally {
      await target.close?.();
    }
  },
};

async function verify(
  { root, live, recordings }: Target,
  { decode = false, json = false }: { decode?: boolean; json?: boolean },
  { out }: CommandOutput,
): Promise<number> {
  const summary = emptySummary();
  if (json) out('{"recordings":[');
  for (const { folder, stored } of recordings) {
    const verification = await verifyRecording(folder, { live, decode, stored });
    const isFirst = summary.recordings === 0;
    addToSummary(summary, verification);
    if (json) out(`${isFirst ? '' : ','}\n${asJson(root, verification)}`);
    else out(reportRows(root, verification));
  }
  if (json) out(`\n],"summary":${JSON.stringify(summary)}}\n`);
  else out(summaryRow(summary));
  return summary.damaged > 0 ? EXIT.damage : EXIT.clean;
}

/**
 * @throws Error for a spool: uploaded files are removed from it, so they would appear to be lost
 */
async function onDisk(asked: string): Promise<Target> {
  const start = path.resolve(asked);
  const folders = await Array.fromAsync(recordingFolders(start));
  const spool = await findSpool([start, ...folders]);
  if (spool !== undefined) {
    throw new Error(
      `${spool.root} is the spool of ${spool.store}, which has most of the files: give the recorder’s configuration with --config FILE`,
    );
  }
  const root = await storageRootOf(start);
  const live = root !== undefined && (await runningRecorder(root)) !== undefined;
  return { root: root ?? start, live, recordings: folders.map((folder) => ({ folder })) };
}

async function ofConfig(file: string, asked: string | undefined): Promise<Target> {
  const { storage } = (await loadConfig(file)).recorder;
  const { root, reader, bucket, close } = await openRecordings(storage);
  try {
    const below = asked === undefined ? '' : objectPathOf(asked, root);
    const keys = (await Array.fromAsync(reader.folders(below))).sort();
    const recordings = keys.map((key) => ({
      folder: filePath(root, key),
      stored: bucket && { reader: bucket, folder: key },
    }));
    const live = (await runningRecorder(root)) !== undefined;
    return { root, live, recordings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function asJson(root: string, { folder, ...verification }: Verification): string {
  const name = path.relative(root, folder) || path.basename(folder);
  return JSON.stringify({ folder: name, ...verification });
}
