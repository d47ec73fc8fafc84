import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { describeApi } from '../src/openapi.ts';
import { requireTool, runTool } from './media/tool.ts';
import { OPENAPI_GENERATOR } from './openapi-generator.ts';

const REPOSITORY = join(import.meta.dirname, '..');

/** What a stranger's program does with the types; each `@ts-expect-error` fails where there is none. */
const CLIENT = `
import type { components, operations, paths } from './recorder.d.ts';

type Json<Id extends keyof operations, Status extends number> = operations[Id] extends {
  responses: { [S in Status]: { content: { 'application/json': infer Body } } };
}
  ? Body
  : never;
type Query<Id extends keyof operations> = operations[Id]['parameters']['query'];

async function listSegments(query: Query<'listSegments'>): Promise<Json<'listSegments', 200>> {
  const path: keyof paths = '/api/record/segments';
  const response = await fetch(\`\${path}?\${new URLSearchParams(query as Record<string, string>)}\`);
  if (!response.ok) {
    const { message }: components['schemas']['Error'] = await response.json();
    throw new Error(message);
  }
  return response.json();
}

export async function newest(): Promise<number[]> {
  const { segments, has_more }: components['schemas']['SegmentPage'] = await listSegments({
    stream: 'cam1',
    kind: 'video',
  });
  const more: boolean = has_more;
  return more ? [] : segments.map(({ start_ts }) => start_ts);
}

export const nothingIsRequired: Query<'listSegments'> = {};
export const noLimitIsRequired: Query<'collectRecords'> = { stream: 'cam1' };
// @ts-expect-error there is no such kind of track
export const wrongKind: Query<'listSegments'> = { kind: 'subtitles' };

const state: components['schemas']['StreamState'] = 'recording';
export const stream: Pick<Json<'listStreams', 200>[number], 'stream' | 'state'> = {
  stream: 'cam1',
  state,
};
export const started: Json<'startRecording', 200> = {
  id: 'cam1',
  record_id: '1753315200',
  record_dir: 'cam1/2025/07/24',
  mpd_path: 'cam1/2025/07/24/manifest.mpd',
};
// @ts-expect-error the record has to be named
export const key: components['schemas']['RecordKey'] = { stream: 'cam1' };
`;

t.test('a client that was generated from openapi.yaml compiles', async (t) => {
  const { program, install } = OPENAPI_GENERATOR;
  if (!requireTool(t, program, install.join(' '))) return;
  const folder = t.testdir({ 'client.ts': CLIENT });
  await writeFile(join(folder, 'openapi.yaml'), await describeApi());
  const types = join(folder, 'recorder.d.ts');
  await runTool(program, [join(folder, 'openapi.yaml'), '-o', types]);
  t.match(await readFile(types, 'utf8'), 'listSegments');

  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
  const strict = [
    '--ignoreConfig',
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--lib',
    'esnext,dom',
  ];
  const files = ['--allowImportingTsExtensions', join(folder, 'client.ts')];
  // tap has every Node below it load something that tsc does not start with.
  const command = ['-u', 'NODE_OPTIONS', tsc, ...strict, ...files];
  const { stdout, stderr, status } = spawnSync('env', command, { encoding: 'utf8' });
  t.strictSame({ stdout, stderr, status }, { stdout: '', stderr: '', status: 0 });
});
