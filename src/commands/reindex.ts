import path from 'node:path';
import { defaultConfigFile } from '../config/config-file.ts';
import { loadConfig } from '../config/load-config.ts';
import { makeFolder } from '../files/durable-file.ts';
import { JournalLock } from '../files/process-lock.ts';
import { IndexLife } from '../index-rebuild/index-life.ts';
import { retireJournal } from '../journal/journal-care.ts';
import { deletesAnything } from '../retention/retention-rules.ts';
import { segmentJournal } from '../segment-index/segment-journal.ts';
import { type Command, EXIT, parseCommand, refuseArguments } from './command.ts';
import { openRecordings } from './open-recordings.ts';

const USAGE = `Usage: live777-recorder reindex [options]

Rebuilds the segment index from the recordings, and adds missing records to the catalogue. The
recorder must not be running. The old index is kept beside the new one. Programs that poll the
index get every segment again, with cursors greater than all earlier ones.

  -c, --config FILE   live777.toml to read; by default ./live777.toml, else the
                      config/live777.toml that comes with the program
  --json              print the result as JSON
  -h, --help          print this

Exit code: 0 on success, 2 on failure.
`;

/** `live777-recorder reindex`. */
export const reindexCommand: Command = {
  usage: USAGE,
  async run(args, { out, error }) {
    const { values, positionals } = parseCommand('reindex', args, {
      config: { type: 'string', short: 'c' },
      json: { type: 'boolean' },
    });
    refuseArguments('reindex', positionals);
    const file = values.config ?? defaultConfigFile();
    const { recorder } = await loadConfig(file);
    const { indexPath, nodeAlias, resumeGraceSeconds } = recorder;
    const tell = (_: object, message: string) => error(`${message}\n`);
    const log = { info() {}, warn: tell, error: tell };
    const { reader, close } = await openRecordings(recorder.storage);
    try {
      // Before the index is moved: a bucket that does not answer must not cost the index.
      for await (const _ of reader.folders()) break;
      // The folder is missing if the disk was lost.
      await makeFolder(path.dirname(indexPath));
      // The journal must not be written while it is moved.
      const lock = await JournalLock.take(`${indexPath}.lock`, 'the segment index', log);
      const retired = await retireJournal(indexPath, segmentJournal).finally(() => lock.release());
      const life = await IndexLife.open({
        indexPath,
        nodeAlias,
        retentionDays: recorder.indexRetentionDays,
        isForDeletion: deletesAnything(recorder.retention),
        resumeGraceSeconds,
        withRecords: true,
        log,
      });
      try {
        life.index.raiseCursor(retired.lastStamp);
        const result = await life.complete({ reader });
        const { folders = 0, segments = 0, records = 0, unreadable = 0 } = result ?? {};
        if (values.json) {
          const kept = retired.kept ?? null;
          out(`${JSON.stringify({ folders, segments, records, unreadable, old_index: kept })}\n`);
        } else {
          out(`${folders} recordings: ${segments} segments listed, ${records} records added\n`);
          if (unreadable > 0)
            out(`${unreadable} segments cannot be read; run live777-recorder verify\n`);
          if (retired.kept !== undefined) out(`the old index is kept at ${retired.kept}\n`);
        }
      } finally {
        await life.close();
      }
    } finally {
      await close();
    }
    return EXIT.clean;
  },
};
