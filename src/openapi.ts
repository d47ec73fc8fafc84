import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { parseConfig } from './config/load-config.ts';
import type { EventLog } from './events/event-log.ts';
import { PACKAGE_ROOT } from './package-root.ts';
import type { RecordCatalogue } from './record-catalogue/record-catalogue.ts';
import type { Recorder } from './recorder.ts';
import { Holds } from './retention/holds.ts';
import type { MediaRetention } from './retention/media-retention.ts';
import type { SegmentIndex } from './segment-index/segment-index.ts';

/**
 * The OpenAPI document of all routes as YAML, as served at `/documentation`. It depends only on the
 * code, not on the machine or the configuration.
 */
export async function describeApi(): Promise<string> {
  const app = await buildApp({
    config: parseConfig('', 'live777.toml'),
    // Routes are described, not called.
    recorder: {} as Recorder,
    segmentIndex: {} as SegmentIndex,
    recordCatalogue: {} as RecordCatalogue,
    retention: { holds: new Holds() } as MediaRetention,
    store: { root: '/' },
    events: {} as EventLog,
    log: pino({ level: 'silent' }),
  });
  try {
    return app.swagger({ yaml: true });
  } finally {
    await app.close();
  }
}

/** Writes openapi.yaml, or with `--check` checks that it is up to date. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = join(PACKAGE_ROOT, 'openapi.yaml');
  const described = await describeApi();
  if (!values.check) {
    await writeFile(file, described);
    return 0;
  }
  const written = await readFile(file, 'utf8').catch(() => '');
  if (written === described) return 0;
  process.stderr.write('openapi.yaml is out of date: run `npm run openapi`\n');
  return 1;
}

if (import.meta.main) process.exitCode = await main();
