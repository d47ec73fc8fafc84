import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { weakCredentials } from './config/credential-strength.ts';
import { isLoopback } from './config/listen-address.ts';
import { ownPath } from './layout/own-folder.ts';

/** Logs, after the start, settings that deserve the operator's attention. */
export function remark(config: Config, log: Logger): void {
  const { http, auth, recorder, ignoredTables, notices } = config;
  if (ignoredTables.length > 0) {
    log.info(
      { ignored: ignoredTables },
      'ignored the tables of the configuration that only Live777 uses',
    );
  }
  for (const notice of notices) log.warn(notice);
  for (const weak of weakCredentials(auth)) log.warn(weak);
  const hasOwnStreams = recorder.sources.some((source) => 'whep' in source);
  if (recorder.autoStreams.length === 0 && !hasOwnStreams) {
    log.warn(
      'nothing is recorded automatically: [recorder] auto_streams is empty. Set auto_streams = ["*"] to record all streams, or start a recording in the console or with POST /api/record/STREAM',
    );
  }
  const formerRoot = resolve('recordings');
  const { storage } = recorder;
  if (storage.type === 'fs' && storage.root === resolve('records')) {
    if (existsSync(ownPath(formerRoot))) {
      log.warn(
        { former: formerRoot, root: storage.root },
        'recordings are now stored in ./records, and those in ./recordings are not listed: set root = "./recordings" in [recorder.storage] to continue there',
      );
    }
  }
  if (auth.tokens.length === 0 && auth.secret === undefined && !isLoopback(http.host)) {
    log.warn(
      { listen: http.host },
      'anybody who can reach this address can publish, record and watch: set [auth] tokens',
    );
  }
}
