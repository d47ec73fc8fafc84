import type { Config } from '../config/config.ts';
import { defaultConfigFile } from '../config/config-file.ts';
import { weakCredentials } from '../config/credential-strength.ts';
import { isLoopback } from '../config/listen-address.ts';
import { loadConfig } from '../config/load-config.ts';
import { runningRecorder } from '../files/storage-root-lock.ts';
import { estimateCapacity } from '../preflight/capacity.ts';
import { checkClock, TIME_SERVERS } from '../preflight/clock-offset.ts';
import { checkDisk } from '../preflight/disk-speed.ts';
import { checkHttpPort, checkMediaPorts } from '../preflight/free-ports.ts';
import { type CheckResult, problem } from '../preflight/result.ts';
import type { BucketConfig } from '../storage/storage-options.ts';
import { checkStore } from '../storage/stores/check-store.ts';
import { openStore } from '../storage/stores/open-store.ts';
import { type Command, EXIT, parseCommand, refuseArguments } from './command.ts';

const USAGE = `Usage: live777-recorder check [options]

Checks what can be known before recording: the configuration, the bucket (an object is written, read,
listed and deleted), free ports, the clock, free space and speed of the disk, and how many streams
this machine should hold. Creates the storage folder if it is missing; leaves nothing else behind.

  -c, --config FILE    live777.toml to check; by default ./live777.toml, else the one that comes with
                       the program
  --time-server HOST   server to compare the clock with; by default ${TIME_SERVERS.join(' or ')}
  --json               print the results as JSON
  -h, --help           print this

Exit code: 0 if recording can start, 1 if something prevents it, 2 if the check failed.
`;

const MARKS = { ok: 'ok', warning: 'WARNING', problem: 'PROBLEM', unknown: '?' };

/** `live777-recorder check`. */
export const checkCommand: Command = {
  usage: USAGE,
  async run(args, { out }) {
    const { values, positionals } = parseCommand('check', args, {
      config: { type: 'string', short: 'c' },
      'time-server': { type: 'string' },
      json: { type: 'boolean' },
    });
    refuseArguments('check', positionals);
    const file = values.config ?? defaultConfigFile();
    const server = values['time-server'];
    const results: CheckResult[] = [];
    for await (const result of checks(file, server === undefined ? TIME_SERVERS : [server])) {
      results.push(result);
      if (!values.json) out(`${MARKS[result.state].padEnd(9)}${result.name}: ${result.message}\n`);
    }
    const ok = results.every(({ state }) => state !== 'problem');
    if (values.json) out(`${JSON.stringify({ ok, checks: results })}\n`);
    else out(ok ? 'recording can start\n' : 'recording cannot start like this\n');
    return ok ? EXIT.clean : EXIT.damage;
  },
};

async function* checks(file: string, timeServers: readonly string[]): AsyncGenerator<CheckResult> {
  const name = 'configuration';
  let config: Config;
  try {
    config = await loadConfig(file);
    yield checkCredentials(file, config);
  } catch (error) {
    // Without it, nothing is known of what to check.
    return yield problem(name, error);
  }
  const { storage, workers } = config.recorder;
  const [folder, setting] =
    storage.type === 'fs'
      ? [storage.root, 'recorder.storage.root']
      : [storage.spool.folder, 'recorder.storage.spool_dir'];
  const disk = await checkDisk(folder, setting);
  yield disk.result;
  if (storage.type !== 'fs') yield await checkBucket(storage);
  const running = await runningRecorder(folder);
  yield await checkHttpPort(config.http, running);
  yield await checkMediaPorts(config.webrtc, workers, running);
  yield await checkClock(timeServers);
  yield estimateCapacity(workers, disk.speed, disk.freeBytes);
}

function checkCredentials(file: string, { http, auth }: Config): CheckResult {
  const name = 'configuration';
  const weak = isLoopback(http.host) ? [] : weakCredentials(auth);
  if (weak.length === 0) return { name, state: 'ok', message: file };
  return { name, state: 'problem', message: `${file}: ${weak.join('; ')}` };
}

async function checkBucket(storage: BucketConfig): Promise<CheckResult> {
  const name = 'bucket';
  try {
    const store = await openStore(storage);
    try {
      const { refusesToReplace } = await checkStore(store);
      if (refusesToReplace) {
        return { name, state: 'ok', message: `${store.name} can be written, read and listed` };
      }
      const message = `${store.name} has no conditional writes: let no other recorder write to it`;
      return { name, state: 'warning', message };
    } finally {
      await store.close();
    }
  } catch (error) {
    return problem(name, error);
  }
}
