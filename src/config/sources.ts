import type { SourceConfig } from '../sources/source-options.ts';
import type { ConfigProblem } from './config-error.ts';
import { distinctTableProblems, type ReportKey } from './distinct-tables.ts';
import type { SourceTable } from './tables/source.ts';

/**
 * Problems in `[[recorder.sources]]` beyond single values: which keys belong together.
 * @param tables the value in the file, of any type
 * @param lines lines of all keys, from `keyLines`
 */
export function sourceProblems(
  tables: unknown,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const check = ({ url, whep, stream }: Record<string, unknown>, report: ReportKey) => {
    if (url === undefined && whep === undefined) {
      report(
        'url',
        'missing; write url = "http://127.0.0.1:7777" for a node, or whep and stream for a single stream',
      );
    } else if (url !== undefined && whep !== undefined) {
      report(
        'whep',
        'cannot be combined with url; write a separate table [[recorder.sources]] for each',
      );
    } else if (whep !== undefined && stream === undefined) {
      report('stream', 'missing; write stream = "cam1", the name to record it under');
    } else if (url !== undefined && stream !== undefined) {
      report('stream', 'only applies to whep; auto_streams selects the streams of a node');
    }
  };
  return distinctTableProblems('sources', tables, lines, check, withoutSlash);
}

/** Converts a validated table to a source. */
export function sourceOf({ url, whep, stream, token }: SourceTable): SourceConfig {
  const secret = token ? { token } : {};
  if (url !== undefined) return { url: withoutSlash(url), ...secret };
  if (whep === undefined || stream === undefined) {
    throw new TypeError('sources were checked before');
  }
  return { whep, stream, ...secret };
}

function withoutSlash(url: string): string {
  // The look-behind avoids quadratic time on a long run of slashes.
  return url.replace(/(?<!\/)\/+$/, '');
}
