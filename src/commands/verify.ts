import path from 'node:path';
import { UsageError } from '../command-line.ts';
import { runningRecorder, storageRootOf } from '../journal/storage-root-lock.ts';
import { hasFfmpeg } from '../verification/decode.ts';
import type { Verification } from '../verification/finding.ts';
import { recordingFolders } from '../verification/recording-folders.ts';
import {
  addToSummary,
  emptySummary,
  reportRows,
  summaryRow,
} from '../verification/verification-report.ts';
import { verifyRecording } from '../verification/verify-recording.ts';
import { type Command, EXIT, parseCommand } from './command.ts';

const usage = `Usage: live777-recorder verify [options] PATH

Checks recordings for holes, overlaps, lost files and damaged segments. PATH is a day folder,
a stream's folder or the storage root. Changes nothing; a recorder may be running.

  --decode     decode everything with ffmpeg too
  --json       print the findings as JSON
  -h, --help   print this

Ends with 0 when there is no damage, 1 when there is, 2 when it could not be checked.
Damage is marked with "!"; other rows are worth knowing only, such as a gap between Periods.
`;

/** `live777-recorder verify PATH`. */
export const verifyCommand: Command = {
  usage,
  async run(args, { out }) {
    const { values, positionals } = parseCommand('verify', args, {
      decode: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const [target] = positionals;
    if (target === undefined || positionals.length > 1) {
      throw new UsageError('verify needs one PATH: a day folder, a stream’s folder or the root');
    }
    if (values.decode && !hasFfmpeg()) {
      throw new UsageError('--decode needs ffmpeg in PATH: apt-get install ffmpeg');
    }
    const start = path.resolve(target);
    const root = await storageRootOf(start);
    const live = root !== undefined && (await runningRecorder(root)) !== undefined;
    const summary = emptySummary();
    if (values.json) out('{"recordings":[');
    for await (const folder of recordingFolders(start)) {
      const verification = await verifyRecording(folder, { live, decode: values.decode ?? false });
      const isFirst = summary.recordings === 0;
      addToSummary(summary, verification);
      if (values.json) out(`${isFirst ? '' : ','}\n${json(root ?? start, verification)}`);
      else out(reportRows(root ?? start, verification));
    }
    if (summary.recordings === 0) throw new Error(`${target}: there is no recording in it`);
    if (values.json) out(`\n],"summary":${JSON.stringify(summary)}}\n`);
    else out(summaryRow(summary));
    return summary.damaged > 0 ? EXIT.damage : EXIT.clean;
  },
};

function json(root: string, { folder, ...verification }: Verification): string {
  const name = path.relative(root, folder) || path.basename(folder);
  return JSON.stringify({ folder: name, ...verification });
}
