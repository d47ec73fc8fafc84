import { parseArgs } from 'node:util';
import type { Config, LogLevel } from './config/config.ts';
import { defaultConfigFile } from './config/config-file.ts';
import { type ListenAddress, parseListenAddress } from './config/listen-address.ts';

/** The text of `--help`. */
export const USAGE = `Usage: live777-recorder [options]
       live777-recorder COMMAND [options]

Records what is published over WebRTC as DASH.

  -c, --config FILE     live777.toml to read; by default ./live777.toml, else
                        the config/live777.toml that comes with the program
  --listen HOST:PORT    address of console and API, instead of [http] listen
  --offline             start although the bucket of [recorder.storage] cannot be
                        used: what is recorded waits in the spool
  -v                    log at level debug
  --version             print the version
  -h, --help            print this

Commands, each with a --help of its own and --json for programs:
  check                 check configuration, bucket, ports, clock and disk, and how
                        many streams this machine should hold
  prune                 delete what the rules of [recorder.retention] name
  reindex               write the segment index anew from what was recorded
  repair PATH           mend recordings that verify finds damaged
  verify [PATH]         check recordings for holes, lost files and damage

Signals:
  SIGHUP                read the configuration again; see config/live777.toml
  SIGTERM, SIGINT       close all recordings, and end

Environment:
  PORT                  port, instead of the one in [http] listen
  LOG_LEVEL             off, error, warn, info, debug or trace, instead of [log] level
  OTEL_EXPORTER_OTLP_ENDPOINT
                        OpenTelemetry collector that traces and logs are sent to, such as
                        http://127.0.0.1:4318

Exit code of the service: 0 after SIGTERM or SIGINT, also while it starts, 1 if it could
not start or did not stop cleanly. Of a command: 0 if all is well, 1 if it found something wrong, 2 if it
could not do its work.
`;

/** The options from the command line and the environment. */
export interface Options {
  /** Path of the configuration file. */
  configFile: string;
  listen?: ListenAddress;
  port?: number;
  logLevel?: LogLevel;
  offline: boolean;
  help: boolean;
  version: boolean;
}

/**
 * The command line or the environment is invalid; the message says what is wrong and how to correct
 * it.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}

/**
 * Reads flags and environment.
 * @param args without the program's name
 * @throws UsageError
 */
export function readOptions(args: string[], environment: NodeJS.ProcessEnv): Options {
  const flags = readFlags(args);
  const { PORT, LOG_LEVEL } = environment;
  const listen = flags.listen === undefined ? undefined : parseListenAddress(flags.listen);
  if (flags.listen !== undefined && listen === undefined) {
    throw new UsageError(`--listen ${flags.listen}: expected HOST:PORT, as in 127.0.0.1:7778`);
  }
  const port = PORT ? Number(PORT) : undefined;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new UsageError(`PORT=${PORT}: expected a port from 0 to 65535`);
  }
  const logLevel = flags.verbose ? 'debug' : LOG_LEVEL ? levelOf(LOG_LEVEL) : undefined;
  return {
    configFile: flags.config ?? defaultConfigFile(),
    ...(listen && { listen }),
    ...(port !== undefined && { port }),
    ...(logLevel && { logLevel }),
    offline: flags.offline ?? false,
    help: flags.help ?? false,
    version: flags.version ?? false,
  };
}

/** The configuration with the overrides of the command line and the environment. */
export function withOptions(config: Config, options: Options): Config {
  return {
    ...config,
    http: {
      ...config.http,
      ...(options.port !== undefined && { port: options.port }),
      ...options.listen,
    },
    log: { level: options.logLevel ?? config.log.level },
    recorder: { ...config.recorder, offline: options.offline },
  };
}

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        config: { type: 'string', short: 'c' },
        listen: { type: 'string' },
        offline: { type: 'boolean' },
        verbose: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ', 1)[0]}; see --help`);
  }
}

function levelOf(text: string): LogLevel {
  const level = text.toLowerCase();
  if (level === 'off') return 'silent';
  const levels: LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug', 'trace'];
  const known = levels.find((each) => each === level);
  if (known !== undefined) return known;
  throw new UsageError(`LOG_LEVEL=${text}: expected one of off, error, warn, info, debug, trace`);
}
