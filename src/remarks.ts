import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { weakCredentials } from './config/credential-strength.ts';
import { isLoopback } from './config/listen-address.ts';
import { ownPath } from './layout/own-folder.ts';

/** Tells the operator, once the program has started, what is worth a second look. */
export function remark(config: Config, log: Logger): void {
  const { http, auth, recorder, ignoredTables, notices } = config;
  if (ignoredTables.length > 0) {
    log.info({ ignored: ignoredTables }, 'the configuration has parts for Live777 alone');
  }
  for (const notice of notices) log.warn(notice);
  for (const weak of weakCredentials(auth)) log.warn(weak);
  const hasOwnStreams = recorder.sources.some((source) => 'whep' in source);
  if (recorder.autoStreams.length === 0 && !hasOwnStreams) {
    log.warn(
      'nothing will be recorded by itself: [recorder] auto_streams is empty. Write auto_streams = ["*"] for all streams, or ask for one in the console or with POST /api/record/STREAM',
    );
  }
  const formerRoot = resolve('recordings');
  const { storage } = recorder;
  if (storage.type === 'fs' && storage.root === resolve('records')) {
    if (existsSync(ownPath(formerRoot))) {
      log.warn(
        { former: formerRoot, root: storage.root },
        'recordings go to ./records now, and those in ./recordings are not listed: write root = "./recordings" in [recorder.storage] to go on there',
      );
    }
  }
  if (auth.tokens.length === 0 && auth.secret === undefined && !isLoopback(http.host)) {
    log.warn(
      { listen: http.host },
      'anybody who can reach this address may publish, record and watch: set [auth] tokens',
    );
  }
}
