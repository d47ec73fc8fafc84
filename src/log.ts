import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './config/config.ts';

/** A log that is held back until it is released, so that output to the terminal comes first. */
export interface HeldLog {
  log: Logger;
  /** Writes what was held back; from then on, lines are written at once. */
  release(): void;
}

/** Logs to standard output: as JSON, or in a readable form on a terminal. */
export function openLog(level: LogLevel): HeldLog {
  const output: DestinationStream = process.stdout.isTTY
    ? pretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
    : pino.destination({ sync: true });
  let held: string[] | undefined = [];
  const log = pino(
    { level, base: null },
    {
      write: (line) => {
        if (held === undefined) output.write(line);
        else held.push(line);
      },
    },
  );
  return {
    log,
    release: () => {
      const lines = held ?? [];
      held = undefined;
      for (const line of lines) output.write(line);
    },
  };
}
