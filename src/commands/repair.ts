import path from 'node:path';
import { steadyNowUs } from '../clock/steady-clock.ts';
import { UsageError } from '../command-line.ts';
import { lockForRepair, storageRootOf } from '../files/storage-root-lock.ts';
import { repairRecording } from '../repair/repair-recording.ts';
import { recordingFolders } from '../verification/recording-folders.ts';
import { type Command, EXIT, parseCommand } from './command.ts';
import { findSpool } from './open-recordings.ts';

const USAGE = `Usage: live777-recorder repair PATH

Mends what verify finds damaged, as far as that is possible: keeps what is whole of a damaged
segment, takes up segments that no manifest names, takes lost ones out of the manifest, and writes a
manifest anew that is lost or cannot be read. PATH is a day folder, a stream's folder or the storage
root. The recorder must not be running.

The spool before a bucket is not for it: most files have left that, and the recorder mends what a
crash has left in it when it starts.

Nothing is deleted: what is replaced or cannot be read stays as NAME.damaged. Afterwards
live777-recorder reindex brings the index up to date.

  -h, --help   print this

Ends with 0 when no damage is left, 1 when some is, 2 when it could not be done.
`;

/** `live777-recorder repair PATH`. */
export const repairCommand: Command = {
  usage: USAGE,
  async run(args, { out, error }) {
    const { positionals } = parseCommand('repair', args, {});
    const [target] = positionals;
    if (target === undefined || positionals.length > 1) {
      throw new UsageError('repair needs one PATH: a day folder, a stream’s folder or the root');
    }
    const start = path.resolve(target);
    const folders = await Array.fromAsync(recordingFolders(start));
    if (folders.length === 0) throw new Error(`${target}: there is no recording in it`);
    const spool = await findSpool([start, ...folders]);
    if (spool !== undefined) {
      throw new Error(
        `${spool.root} is the spool before ${spool.store}: start the recorder, it mends by itself what a crash has left; verify --config FILE tells of other damage`,
      );
    }
    const root = await storageRootOf(start);
    const warn = (_: object, message: string) => error(`${message}\n`);
    // Where no recorder has ever run there is none to keep away.
    const lock = root === undefined ? undefined : await lockForRepair(root, { warn });
    let mended = 0;
    let left = 0;
    try {
      for (const folder of folders) {
        const result = await repairRecording(folder, steadyNowUs());
        if (result.actions.length + result.left.length === 0) continue;
        mended++;
        left += result.left.length;
        out(`${path.relative(root ?? start, folder) || path.basename(folder)}\n`);
        for (const { file, message } of result.actions) out(`  ${file.padEnd(26)} ${message}\n`);
        for (const { kind, file = '', message } of result.left) {
          out(`  ! ${file.padEnd(24)} ${kind}: ${message}\n`);
        }
      }
    } finally {
      await lock?.release();
    }
    const rest = left === 0 ? 'no damage is left' : `${left} findings of damage are left`;
    out(`${folders.length} recordings, ${mended} with damage: ${rest}\n`);
    if (mended > 0 && root !== undefined) out('now run: live777-recorder reindex\n');
    return left === 0 ? EXIT.clean : EXIT.damage;
  },
};
