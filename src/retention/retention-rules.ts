import { streamMatcher } from '../layout/stream-pattern.ts';
import type { SpoolLimit } from '../storage/spool/spool-limit.ts';

/** What is kept of some streams. */
export interface StreamRule {
  /** Pattern of their names. */
  match: string;
  /** In place of that for all streams, µs; infinite for ever. */
  maxAgeUs?: number;
  /** Of all these streams together, bytes; the limit for all streams holds too. */
  maxBytes?: number;
}

/** What is kept of the recordings, see `[recorder.retention]`. */
export interface RetentionRules {
  /** µs. */
  maxAgeUs?: number;
  /** Of all streams together, bytes. */
  maxBytes?: number;
  /** What must stay free on the disk of the recordings. */
  minFree?: SpoolLimit;
  /** The first one that matches a stream is its rule. */
  streams: StreamRule[];
  /** How long files stay after the last manifest stopped naming them, seconds. */
  graceSeconds: number;
}

/** Format of {@link ageOf}. */
export const AGE = /^\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*$/;
/** Least age at which anything is deleted: players are some segments behind the present. */
export const LEAST_AGE_US = 60e6;
/** For a limit that is lifted. */
export const NO_LIMIT = 'none';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Reads an age: a number and a unit out of s, m, h, d and w.
 * @returns µs, infinite for {@link NO_LIMIT}; undefined for any other text
 */
export function ageOf(text: string): number | undefined {
  if (text === NO_LIMIT) return Number.POSITIVE_INFINITY;
  const [, number, unit] = AGE.exec(text) ?? [];
  return unit === undefined ? undefined : Math.round(Number(number) * SECONDS[unit]! * 1e6);
}

/** Whether any rule deletes recordings. */
export function deletesAnything({ maxAgeUs, maxBytes, minFree, streams }: RetentionRules): boolean {
  const isLimit = (us: number | undefined) => us !== undefined && Number.isFinite(us);
  return (
    maxBytes !== undefined ||
    minFree !== undefined ||
    isLimit(maxAgeUs) ||
    streams.some((rule) => rule.maxBytes !== undefined || isLimit(rule.maxAgeUs))
  );
}

/** Finds the rule of each stream. */
export function ruleFinder(rules: RetentionRules): (stream: string) => StreamRule | undefined {
  const matchers = rules.streams.map((rule) => ({ rule, matches: streamMatcher([rule.match]) }));
  return (stream) => matchers.find(({ matches }) => matches(stream))?.rule;
}
