import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { Default } from 'typebox/value';
import type { IceServer } from '../ingest/ice-server.ts';
import { ownPath } from '../layout/own-folder.ts';
import { type SpoolLimit, spoolLimitOf } from '../storage/spool/spool-limit.ts';
import type { SpoolConfig, StorageConfig } from '../storage/storage-options.ts';
import { camelCased } from './camel-case.ts';
import type { Config, LogLevel } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { contradictions } from './contradictions.ts';
import { nearestKey, problemsOf } from './explain.ts';
import { keyLines } from './key-lines.ts';
import { parseListenAddress } from './listen-address.ts';
import { retentionOf, retentionProblems } from './retention.ts';
import { ConfigFile, LIVE777_ONLY } from './schema.ts';
import { sourceOf, sourceProblems } from './sources.ts';
import { type StorageTable, storageTables } from './tables/storage.ts';
import { asTable } from './toml-table.ts';
import { webhookProblems } from './webhooks.ts';

/** Maximum size of a live777.toml, bytes. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a live777.toml. Relative paths in it refer to the working directory, as in Live777.
 * @throws ConfigError with file, line and key of every problem
 */
export async function loadConfig(path: string): Promise<Config> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      const message = `has ${size} bytes, which is too large for a live777.toml; specify one with --config FILE`;
      throw new ConfigError(path, [{ line: undefined, message }]);
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    throw new ConfigError(path, [
      {
        line: undefined,
        message:
          reason === 'ENOENT'
            ? 'no such file; specify one with --config FILE'
            : `cannot be read (${reason})`,
      },
    ]);
  }
  return parseConfig(text, path);
}

/**
 * Validates the text of a live777.toml and fills in the defaults.
 * @param filename name of the file in errors
 * @throws ConfigError with file, line and key of every problem
 */
export function parseConfig(text: string, filename = 'live777.toml'): Config {
  const document = parseToml(text, filename);
  const lines = keyLines(text);
  const ignoredTables = takeOutIgnored(document);
  fillIn(document);
  const problems = [
    ...problemsOf(ConfigFile, document, '', lines),
    ...storageProblems(document, lines),
    ...contradictions(document, lines),
    ...retentionProblems(asTable(document.recorder), lines),
    ...sourceProblems(asTable(document.recorder).sources, lines),
    ...webhookProblems(asTable(document.recorder).webhooks, lines),
  ];
  if (problems.length > 0) {
    problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new ConfigError(filename, problems);
  }
  return configOf(document as ConfigFile, ignoredTables);
}

function parseToml(text: string, filename: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split('\n', 1)[0] ?? '').replace('Invalid TOML document: ', '');
    throw new ConfigError(filename, [{ line: error.line, message: `not valid TOML: ${message}` }]);
  }
}

/** Removes what only Live777 uses; probable typos stay and become errors. */
function takeOutIgnored(document: Record<string, unknown>): string[] {
  const ignored: string[] = [];
  const ours = Object.keys(ConfigFile.properties);
  for (const [name, value] of Object.entries(document)) {
    if (ours.includes(name)) continue;
    const isTable = typeof value === 'object' && value !== null && !(value instanceof Date);
    const known = LIVE777_ONLY.tables.includes(name);
    if (!known && (!isTable || nearestKey(name, ours) !== undefined)) continue;
    ignored.push(name);
    delete document[name];
  }
  for (const [table, key] of LIVE777_ONLY.keys as [string, string][]) {
    const parent = asTable(document[table]);
    if (!(key in parent)) continue;
    ignored.push(`${table}.${key}`);
    delete parent[key];
  }
  return ignored;
}

/** Adds the default of each key that is absent. */
function fillIn(document: Record<string, unknown>): void {
  Default(ConfigFile, document);
  const storage = asTable(asTable(document.recorder).storage);
  const table = storageTableOf(storage.type);
  if (table !== undefined) Default(table, storage);
}

function storageTableOf(
  type: unknown,
): (typeof storageTables)[keyof typeof storageTables] | undefined {
  return type === 'fs' || type === 's3' || type === 'oss' ? storageTables[type] : undefined;
}

function storageProblems(
  document: Record<string, unknown>,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const { storage } = asTable(document.recorder);
  const table = storageTableOf(asTable(storage).type);
  return table === undefined ? [] : problemsOf(table, storage, '/recorder/storage', lines);
}

function configOf(file: ConfigFile, ignoredTables: string[]): Config {
  const { http, log, auth, webrtc, recorder, playback } = file;
  const listen = parseListenAddress(http.listen);
  if (listen === undefined) throw new TypeError('the listen address was checked before');
  const storage = storageOf(recorder.storage as StorageTable);
  const { indexPath, notices } = indexPathOf(recorder.index_path, storage);
  const { listen: _listen, ...answering } = http;
  const { ice_port_range: range, ...listening } = webrtc;
  const { index_path: _path, storage: _storage, sources, shard, ...others } = recorder;
  const { retention, webhooks, disk_warnings: diskWarnings, ...recording } = others;
  return {
    http: { ...listen, ...camelCased(answering) },
    log: { level: logLevel(log.level) },
    auth: {
      ...(auth.secret ? { secret: auth.secret } : {}),
      tokens: auth.tokens,
    },
    iceServers: file.ice_servers.map(iceServer).filter(({ urls }) => urls.length > 0),
    webrtc: {
      ...camelCased(listening),
      ...(range ? { icePortRange: [range[0]!, range[1]!] as [number, number] } : {}),
    },
    recorder: {
      ...camelCased(recording),
      indexPath,
      storage,
      retention: retentionOf(retention),
      sources: sources.map(sourceOf),
      diskWarnings: diskWarnings.map((text) => checkedLimit(text)),
      webhooks: webhooks.map(({ url, events, secret }) => ({ url, events, secret })),
      ...(shard ? { shard: { ...shard } } : {}),
      offline: false,
    },
    playback: camelCased(playback),
    ignoredTables,
    notices,
  };
}

/** Converts a level of live777.toml or `LOG_LEVEL`; `off` is pino's `silent`. */
export function logLevel(name: ConfigFile['log']['level']): LogLevel {
  return name === 'off' ? 'silent' : name;
}

function iceServer(table: ConfigFile['ice_servers'][number]): IceServer {
  const { urls, username, credential } = table;
  return {
    urls,
    ...(username ? { username } : {}),
    ...(credential ? { credential } : {}),
  };
}

function storageOf(table: StorageTable): StorageConfig {
  switch (table.type) {
    case 's3':
      return {
        type: 's3',
        bucket: table.bucket,
        root: trimSlashes(table.root),
        ...given('region', table.region),
        ...given('endpoint', table.endpoint),
        ...given('accessKeyId', table.access_key_id),
        ...given('secretAccessKey', table.secret_access_key),
        ...given('sessionToken', table.session_token),
        disableConfigLoad: table.disable_config_load,
        enableVirtualHostStyle: table.enable_virtual_host_style,
        spool: spoolOf(table),
      };
    case 'oss':
      return {
        type: 'oss',
        bucket: table.bucket,
        root: trimSlashes(table.root),
        ...given('region', table.region),
        ...given('endpoint', table.endpoint),
        ...given('accessKeyId', table.access_key_id),
        ...given('accessKeySecret', table.access_key_secret),
        ...given('securityToken', table.security_token),
        spool: spoolOf(table),
      };
    case 'fs':
      return { type: 'fs', root: resolve(table.root) };
  }
}

function spoolOf(table: Exclude<StorageTable, { type: 'fs' }>): SpoolConfig {
  return {
    folder: resolve(table.spool_dir),
    limit: checkedLimit(table.spool_max),
    full:
      table.spool_full === 'drop_oldest' ? { dropStreams: table.spool_drop_streams ?? [] } : 'stop',
  };
}

function checkedLimit(text: string): SpoolLimit {
  const limit = spoolLimitOf(text);
  if (limit === undefined) throw new TypeError('sizes were checked before');
  return limit;
}

function given<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
}

// The look-behind avoids quadratic time on a long run of slashes.
function trimSlashes(root = ''): string {
  return root.replace(/^\/+|(?<!\/)\/+$/g, '');
}

function indexPathOf(
  path: string | undefined,
  storage: StorageConfig,
): { indexPath: string; notices: string[] } {
  if (path === undefined) {
    const folder = storage.type === 'fs' ? storage.root : storage.spool.folder;
    return { indexPath: ownPath(folder, 'segments.jsonl'), notices: [] };
  }
  // Live777's own index is a JSON document at this path, which must not be written to if both
  // programs use the same file.
  if (!path.endsWith('.json')) return { indexPath: resolve(path), notices: [] };
  const indexPath = resolve(path.replace(/\.json$/, '.segments.jsonl'));
  return {
    indexPath,
    notices: [
      `recorder.index_path "${path}" is the index of Live777: that of the recorder is stored beside it, in ${indexPath}`,
    ],
  };
}
