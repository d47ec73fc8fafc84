import path from 'node:path';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { UsageError } from '../command-line.ts';
import { lockForRepair, storageRootOf } from '../files/storage-root-lock.ts';
import { type RepairResult, repairRecording } from '../repair/repair-recording.ts';
import { recordingFolders } from '../verification/recording-folders.ts';
import { type Command, EXIT, parseCommand } from './command.ts';
import { findSpool } from './open-recordings.ts';

const USAGE = `Usage: live777-recorder repair [options] PATH

Repairs the damage that verify finds, as far as possible: keeps the intact part of a damaged segment,
adds segments that are missing from the manifest, removes lost ones from it, and rewrites a manifest
that is lost or unreadable. PATH is a day folder, a stream's folder or the storage root. The recorder
must not be running.

The spool of a bucket cannot be repaired with this command: most of its files have been uploaded, and
the recorder repairs the damage of a crash when it starts.

Nothing is deleted: files that are replaced or unreadable are kept as NAME.damaged. Run
live777-recorder reindex afterwards to update the index.

  --json       print what was repaired, and what is left, as JSON
  -h, --help   print this

Exit code: 0 if no damage is left, 1 if some is, 2 on failure.
`;

/** `live777-recorder repair PATH`. */
export const repairCommand: Command = {
  usage: USAGE,
  async run(args, { out, error }) {
    const { values, positionals } = parseCommand('repair', args, { json: { type: 'boolean' } });
    const [target] = positionals;
    if (target === undefined || positionals.length > 1) {
      throw new UsageError('repair needs one PATH: a day folder, a stream’s folder or the root');
    }
    const start = path.resolve(target);
    const folders = await Array.fromAsync(recordingFolders(start));
    if (folders.length === 0) throw new Error(`${target} contains no recording`);
    const spool = await findSpool([start, ...folders]);
    if (spool !== undefined) {
      throw new Error(
        `${spool.root} is the spool of ${spool.store}: start the recorder, which repairs the damage of a crash; verify --config FILE shows other damage`,
      );
    }
    const root = await storageRootOf(start);
    const warn = (_: object, message: string) => error(`${message}\n`);
    // Where no recorder has ever run, there is no lock to take.
    const lock = root === undefined ? undefined : await lockForRepair(root, { warn });
    const repaired: RepairResult[] = [];
    try {
      for (const folder of folders) {
        const { actions, left } = await repairRecording(folder, steadyNowUs());
        if (actions.length + left.length === 0) continue;
        const name = path.relative(root ?? start, folder) || path.basename(folder);
        const result = { folder: name, actions, left };
        repaired.push(result);
        if (!values.json) out(repairRows(result));
      }
    } finally {
      await lock?.release();
    }
    const mended = repaired.length;
    const left = repaired.reduce((sum, result) => sum + result.left.length, 0);
    if (values.json) {
      const summary = { recordings: folders.length, damaged: mended, problems_left: left };
      out(`${JSON.stringify({ repaired, summary })}\n`);
      return left === 0 ? EXIT.clean : EXIT.damage;
    }
    const rest = left === 0 ? 'no damage is left' : `${left} problems are left`;
    out(`${folders.length} recordings, ${mended} with damage: ${rest}\n`);
    if (mended > 0 && root !== undefined) out('now run: live777-recorder reindex\n');
    return left === 0 ? EXIT.clean : EXIT.damage;
  },
};

/** A line for the recording, and one for each repair and each problem that is left. */
function repairRows({ folder, actions, left }: RepairResult): string {
  let rows = `${folder}\n`;
  for (const { file, message } of actions) rows += `  ${file.padEnd(26)} ${message}\n`;
  for (const { kind, file = '', message } of left) {
    rows += `  ! ${file.padEnd(24)} ${kind}: ${message}\n`;
  }
  return rows;
}
