import type { Logger } from 'pino';
import { collectGarbage, SETTLED_MS } from './collect-garbage.ts';
import { readOptions, USAGE, UsageError, withOptions } from './command-line.ts';
import { runCommand } from './commands/run-command.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { weakCredentials } from './config/credential-strength.ts';
import { isLoopback, urlHost } from './config/listen-address.ts';
import { loadConfig } from './config/load-config.ts';
import { secretsIn } from './config/secrets.ts';
import { openLog } from './log.ts';
import { Refusal } from './refusal.ts';
import { remark } from './remarks.ts';
import type { Service } from './service.ts';
import { signals } from './signals.ts';
import type { StorageConfig } from './storage/storage-options.ts';
import { openTelemetry, TelemetryError } from './telemetry/open-telemetry.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { version } from './version.ts';

/** Maximum duration of a stop, ms. */
const STOP_TIMEOUT_MS = 10_000;

async function main(): Promise<void> {
  const [name = '-'] = process.argv.slice(2);
  // What a command leaves unfinished is nothing that it would have to end by itself.
  if (!name.startsWith('-')) signals.release();
  const exitCode = await runCommand(process.argv.slice(2), {
    out: (text) => void process.stdout.write(text),
    error: (text) => void process.stderr.write(text),
  });
  if (exitCode !== undefined) {
    // exit() would lose output that is still buffered in a pipe.
    process.exitCode = exitCode;
    return;
  }
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return void process.stdout.write(USAGE);
  if (options.version) return void process.stdout.write(`${version}\n`);
  const load = async () => {
    const loaded = withOptions(await loadConfig(options.configFile), options);
    refuseWeakCredentials(loaded, options.configFile);
    return loaded;
  };
  const start = stoppableStart();
  const config = await load();
  let missing: string | undefined;
  const telemetry = await openTelemetry(process.env, version).catch((error: unknown) => {
    // A recorder that cannot be watched should record all the same.
    if (!(error instanceof TelemetryError)) throw error;
    missing = error.message;
    return undefined;
  });
  const { log, release, hide } = await openLog({
    level: config.log.level,
    secrets: secretsIn(config),
    further: telemetry?.lines,
  });
  if (telemetry) telemetry.log = log;
  if (missing !== undefined) log.warn(missing);
  try {
    // Loaded here because no sub-command needs it.
    const { Service } = await import('./service.ts');
    const started = Service.start(config, log, {
      load: async () => {
        const next = await load();
        hide(secretsIn(next));
        remark(next, log);
        return next;
      },
      tracing: telemetry?.tracing,
      signal: start,
    });
    const service = await started.catch(async (error: unknown) => {
      if (!(error instanceof Refusal) || error.reason !== 'no-free-port') throw error;
      const { keyError } = await import('./config/key-error.ts');
      throw await keyError(options.configFile, '/webrtc/ice_udp_port', error.message);
    });
    stopOnSignal(service, log, telemetry, start);
    signals.on('SIGHUP', () => void reload(service, log));
    process.stdout.write(greeting(config, service.port, options.configFile));
    setTimeout(collectGarbage, SETTLED_MS).unref();
  } catch (error) {
    if (error !== start.reason) throw error;
    release();
    log.info({ reason: start.reason.signal }, 'stopped before it had started');
    await telemetry?.close();
    process.exit(0);
  } finally {
    release();
  }
  remark(config, log);
}

/** The reason of a start that is given up. */
class StopRequested extends Error {
  override name = 'StopRequested';
  readonly signal: 'SIGTERM' | 'SIGINT';
  constructor(signal: 'SIGTERM' | 'SIGINT') {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** @returns what SIGTERM and SIGINT abort while the recorder starts, with a {@link StopRequested} */
function stoppableStart(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    signals.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort(new StopRequested(name));
      endWithin(STOP_TIMEOUT_MS, () => {});
    });
  }
  return controller.signal;
}

/** Ends the program after this time, ms, if it has not ended by then. */
function endWithin(ms: number, say: () => void): void {
  setTimeout(() => {
    say();
    process.exit(1);
  }, ms).unref();
}

/** Never rejects. */
async function reload(service: Service, log: Logger): Promise<void> {
  try {
    await service.reloadConfig();
  } catch (err) {
    // What is wrong with the file has been logged line by line.
    if (!(err instanceof Refusal)) log.error({ err }, 'the configuration cannot be read again');
  }
}

/** Tells a new user where to go next. */
function greeting(config: Config, port: number, configFile: string): string {
  const { host } = config.http;
  const isAnyAddress = host === '0.0.0.0' || host === '::';
  const base = `http://${isAnyAddress ? 'localhost' : urlHost(host)}:${port}`;
  const { storage } = config.recorder;
  return [
    `live777-recorder ${version}`,
    `  console        ${base}/`,
    `  API            ${base}/documentation`,
    `  publish (WHIP) ${base}/whip/STREAM`,
    ...placeOf(storage),
    `  configuration  ${configFile}`,
    '',
    '',
  ].join('\n');
}

/** Where recordings are stored. */
function placeOf(storage: StorageConfig): string[] {
  if (storage.type === 'fs') return [`  recordings     ${storage.root}`];
  const root = storage.root === '' ? '' : `/${storage.root}`;
  return [
    `  recordings     ${storage.type}://${storage.bucket}${root}`,
    `  spool          ${storage.spool.folder}`,
  ];
}

/**
 * @throws ConfigError for a token or secret that is easy to guess while other machines can connect
 */
function refuseWeakCredentials({ http, auth }: Config, configFile: string): void {
  if (isLoopback(http.host)) return;
  const problems = weakCredentials(auth).map((weak) => ({
    line: undefined,
    message: `${weak}; use the output of \`openssl rand -base64 32\`, or listen on 127.0.0.1 only`,
  }));
  if (problems.length > 0) throw new ConfigError(configFile, problems);
}

/** @param start what may have been aborted when the service had just started */
function stopOnSignal(
  service: Service,
  log: Logger,
  telemetry: Telemetry | undefined,
  start: AbortSignal,
): void {
  let stopping = false;
  const stop = async (reason: string, exitCode: number) => {
    if (stopping) {
      log.warn({ reason }, 'stopping immediately');
      process.exit(1);
    }
    stopping = true;
    log.info({ reason }, 'stopping');
    endWithin(STOP_TIMEOUT_MS, () => {
      log.fatal(`did not stop within ${STOP_TIMEOUT_MS / 1000} s`);
    });
    try {
      await service.stop();
      log.info('stopped');
      await telemetry?.close();
      process.exit(exitCode);
    } catch (error) {
      log.fatal({ err: error }, 'did not stop cleanly');
      await telemetry?.close();
      process.exit(1);
    }
  };
  signals.on('SIGTERM', () => void stop('SIGTERM', 0));
  signals.on('SIGINT', () => void stop('SIGINT', 0));
  if (start.aborted) void stop(start.reason.signal, 0);
  // The state is no longer reliable, but recordings can still be closed properly.
  const fail = (error: unknown) => {
    log.fatal({ err: error }, 'unexpected error');
    if (!stopping) void stop('internal error', 1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

try {
  await main();
} catch (error) {
  const isExpected = error instanceof ConfigError || error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(isExpected ? `${message}\n` : `live777-recorder cannot start: ${message}\n`);
  process.exit(1);
}
