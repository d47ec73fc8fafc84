import type { SourceConfig } from '../sources/source-options.ts';
import type { ConfigProblem } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { pointerTo } from './key-lines.ts';
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
  const problems: ConfigProblem[] = [];
  const urls = new Map<string, number>();
  (Array.isArray(tables) ? tables : []).forEach((table, index) => {
    if (typeof table !== 'object' || table === null) return;
    const pointer = pointerTo('/recorder/sources', index);
    const report = (key: string, message: string) => {
      const at = pointerTo(pointer, key);
      problems.push({ line: lineOf(at, lines), message: `${keyName(at)}: ${message}` });
    };
    const { url, whep, stream } = table as Record<string, unknown>;
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
    if (typeof url !== 'string') return;
    const same = urls.get(withoutSlash(url));
    if (same === undefined) urls.set(withoutSlash(url), index);
    else report('url', `the same as recorder.sources[${same}].url; remove one of them`);
  });
  return problems;
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
