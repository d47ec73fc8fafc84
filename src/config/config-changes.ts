import type { Config } from './config.ts';

/** Keys of live777.toml whose values differ, by what has to be done for the new ones. */
export interface ConfigChanges {
  /** They are in effect. */
  applied: string[];
  /** The old values stay until the next start. */
  needRestart: string[];
}

/** Keys of `[recorder]` that are changed while the recorder runs. */
const RECORDER_KEYS = ['autoStreams', 'sources', 'webhooks', 'diskWarnings', 'retention'] as const;

const APPLIED = new Set([
  'log.level',
  'auth.secret',
  'auth.tokens',
  ...RECORDER_KEYS.map((key) => `recorder.${snakeCased(key)}`),
]);

/** Compares two configurations. */
export function changesBetween(before: Config, after: Config): ConfigChanges {
  const old = valuesOf(before);
  const changed = new Set<string>();
  const now = valuesOf(after);
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    if (old.get(key) !== now.get(key)) changed.add(key);
  }
  const names = [...changed].sort();
  return {
    applied: names.filter((name) => APPLIED.has(name)),
    needRestart: names.filter((name) => !APPLIED.has(name)),
  };
}

/**
 * Takes over what can be changed while the recorder runs. Whoever has the live configuration finds the
 * new values in it; who has made something of the old ones is told by the caller.
 */
export function takeOver(live: Config, next: Config): void {
  live.log = next.log;
  live.auth.tokens = next.auth.tokens;
  if (next.auth.secret === undefined) delete live.auth.secret;
  else live.auth.secret = next.auth.secret;
  for (const key of RECORDER_KEYS) Object.assign(live.recorder, { [key]: next.recorder[key] });
}

/** The values of all keys as JSON, by their names in live777.toml. */
function valuesOf(config: Config): Map<string, string> {
  const { ignoredTables: _tables, notices: _notices, iceServers, ...tables } = config;
  const { host, port, ...http } = tables.http;
  const { offline: _offline, ...recorder } = tables.recorder;
  const values = new Map<string, string>();
  values.set('ice_servers', JSON.stringify(iceServers));
  values.set('http.listen', JSON.stringify([host, port]));
  for (const [table, keys] of Object.entries({ ...tables, http, recorder })) {
    for (const [key, value] of Object.entries(keys)) {
      values.set(`${table}.${snakeCased(key)}`, JSON.stringify(value));
    }
  }
  return values;
}

function snakeCased(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
