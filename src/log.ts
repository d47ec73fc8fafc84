import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { LogLevel } from './config/config.ts';
import { loggedError } from './logged-error.ts';

/** A log that is held back until it is released, so that output to the terminal comes first. */
export interface HeldLog {
  log: Logger;
  /** Names further texts that no line may contain from now on. */
  hide(secrets: readonly string[]): void;
  /** Writes what was held back; from then on, lines are written at once. */
  release(): void;
}

/** Options of {@link openLog}. */
export interface LogOptions {
  level: LogLevel;
  /** Text that no line may contain, wherever it comes from; a mark stands in its place. */
  secrets: readonly string[];
  /** Also gets every line, as JSON. */
  further?: DestinationStream | undefined;
}

/** How a line of the log looks: level by name, time as ISO 8601 in UTC, errors in short. */
export const LOG_FORMAT: LoggerOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  serializers: { err: loggedError },
};

/** In place of a secret. */
const MARK = '[secret]';

/** Logs to standard output: as JSON, one line an event, or in a readable form on a terminal. */
export async function openLog({ level, secrets, further }: LogOptions): Promise<HeldLog> {
  const output: DestinationStream = process.stdout.isTTY
    ? (await import('pino-pretty')).default({ sync: true, translateTime: 'SYS:HH:MM:ss.l' })
    : pino.destination({ sync: true });
  let withoutSecrets = remover(secrets);
  let hidden = secrets;
  let held: string[] | undefined = [];
  const log = pino(
    { ...LOG_FORMAT, level },
    {
      write: (text) => {
        const line = withoutSecrets(text);
        if (held === undefined) output.write(line);
        else held.push(line);
        further?.write(line);
      },
    },
  );
  return {
    log,
    hide: (more) => {
      // The former ones may still be used by others.
      hidden = [...new Set([...hidden, ...more])];
      withoutSecrets = remover(hidden);
    },
    release: () => {
      const lines = held ?? [];
      held = undefined;
      for (const line of lines) output.write(line);
    },
  };
}

/** @returns a function that replaces the secrets in a line of JSON */
function remover(secrets: readonly string[]): (line: string) => string {
  const written = secrets.flatMap((secret) => [
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ]);
  const texts = [...new Set(written)];
  return (line) => texts.reduce((rest, text) => rest.replaceAll(text, MARK), line);
}
