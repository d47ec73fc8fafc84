import { patternFault } from '../layout/stream-pattern.ts';
import { AGE, ageOf, LEAST_AGE_US, type RetentionRules } from '../retention/retention-rules.ts';
import { SPOOL_LIMIT, spoolLimitOf } from '../storage/spool/spool-limit.ts';
import type { ConfigProblem } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { pointerTo } from './key-lines.ts';
import type { RetentionTable } from './tables/retention.ts';
import { asTable } from './toml-table.ts';

const POINTER = '/recorder/retention';

/** The rules in a valid table. */
export function retentionOf(table: RetentionTable): RetentionRules {
  const limitsOf = ({ max_age, max_size }: Pick<RetentionTable, 'max_age' | 'max_size'>) => ({
    ...(max_age !== undefined && { maxAgeUs: ageOf(max_age)! }),
    ...(max_size !== undefined && { maxBytes: bytesOf(max_size)! }),
  });
  return {
    ...limitsOf(table),
    ...(table.min_free !== undefined && { minFree: spoolLimitOf(table.min_free)! }),
    streams: table.streams.map((rule) => ({ match: rule.match, ...limitsOf(rule) })),
    graceSeconds: table.grace_seconds,
  };
}

/**
 * Errors in `[recorder.retention]` that its schema cannot express.
 * @param lines lines of all keys, from `keyLines`
 */
export function retentionProblems(
  recorder: Record<string, unknown>,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (pointer: string, message: string) =>
    problems.push({ line: lineOf(pointer, lines), message: `${keyName(pointer)}: ${message}` });
  const table = asTable(recorder.retention);
  checkLimits(POINTER, table, report);
  const { streams, min_free } = table;
  for (const [at, rule] of (Array.isArray(streams) ? streams : []).entries()) {
    const pointer = pointerTo(`${POINTER}/streams`, at);
    const { match, max_age, max_size } = asTable(rule);
    checkLimits(pointer, asTable(rule), report);
    const fault = typeof match === 'string' ? patternFault(match) : undefined;
    if (fault !== undefined) report(`${pointer}/match`, `"${match}": ${fault}`);
    if (typeof match === 'string' && max_age === undefined && max_size === undefined) {
      report(pointer, `has no limit for the streams "${match}"; add max_age or max_size`);
    }
  }
  if (typeof min_free !== 'string' || !SPOOL_LIMIT.test(min_free)) return problems;
  if (asTable(recorder.storage).type !== 'fs') {
    report(
      `${POINTER}/min_free`,
      'a bucket has no free space; limit the spool with recorder.storage.spool_max, and the bucket with max_size',
    );
  } else if (spoolLimitOf(min_free) === undefined || /^\s*100(?:\.0*)?\s*%/.test(min_free)) {
    report(
      `${POINTER}/min_free`,
      `"${min_free}" is nothing, or the whole disk; write min_free = "10%"`,
    );
  }
  return problems;
}

/** The schema reports text that is no age and no size. */
function checkLimits(
  pointer: string,
  { max_age, max_size }: Record<string, unknown>,
  report: (pointer: string, message: string) => void,
): void {
  if (typeof max_age === 'string' && AGE.test(max_age) && ageOf(max_age)! < LEAST_AGE_US) {
    report(
      `${pointer}/max_age`,
      `"${max_age}" is less than a minute; write max_age = "1m" or more`,
    );
  }
  if (typeof max_size === 'string' && SPOOL_LIMIT.test(max_size) && !bytesOf(max_size)) {
    report(
      `${pointer}/max_size`,
      `"${max_size}" must be a number of bytes above zero; write max_size = "500GB"`,
    );
  }
}

function bytesOf(size: string): number | undefined {
  const limit = spoolLimitOf(size);
  return limit !== undefined && 'bytes' in limit ? limit.bytes : undefined;
}
