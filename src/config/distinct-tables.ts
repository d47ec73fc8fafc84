import type { ConfigProblem } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { pointerTo } from './key-lines.ts';

/** Reports a problem of a key of one table. */
export type ReportKey = (key: string, message: string) => void;

/**
 * Problems in an array of tables, of which each has a URL of its own.
 * @param name key of the array in `[recorder]`
 * @param tables the value in the file, of any type
 * @param lines lines of all keys, from `keyLines`
 * @param check reports what else is wrong with one table, whose values are of any type
 * @param addressOf what makes URLs the same
 */
export function distinctTableProblems(
  name: 'sources' | 'webhooks',
  tables: unknown,
  lines: ReadonlyMap<string, number>,
  check: (table: Record<string, unknown>, report: ReportKey) => void,
  addressOf = (url: string) => url,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const known = new Map<string, number>();
  (Array.isArray(tables) ? tables : []).forEach((table, index) => {
    if (typeof table !== 'object' || table === null) return;
    const report: ReportKey = (key, message) => {
      const at = pointerTo(pointerTo(`/recorder/${name}`, index), key);
      problems.push({ line: lineOf(at, lines), message: `${keyName(at)}: ${message}` });
    };
    check(table as Record<string, unknown>, report);
    const { url } = table as Record<string, unknown>;
    if (typeof url !== 'string') return;
    const same = known.get(addressOf(url));
    if (same === undefined) known.set(addressOf(url), index);
    else report('url', `the same as recorder.${name}[${same}].url; remove one of them`);
  });
  return problems;
}
