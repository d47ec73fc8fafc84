import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '..');

/**
 * What each folder of `src`, and each file beside them, may import: what stands above it alone. The
 * way data flows is the way imports run; a new arrow is a decision, and gets its place here.
 */
const MAY_IMPORT: Record<string, string[]> = {
  media: [],
  clock: [],
  'refusal.ts': [],
  'package-root.ts': [],
  'version.ts': ['package-root.ts'],
  'logged-error.ts': [],
  'collect-garbage.ts': [],
  layout: ['media', 'refusal.ts'],
  files: ['clock', 'layout'],
  facts: ['media'],
  codecs: ['media'],
  containers: ['codecs', 'files', 'media'],
  manifest: ['layout', 'media'],
  rtp: ['clock', 'media'],
  'track-figures.ts': ['media', 'rtp'],
  ingest: ['clock', 'codecs', 'media', 'refusal.ts', 'rtp'],
  storage: ['clock', 'files', 'layout'],
  'day-folder': [
    ...['clock', 'containers', 'facts', 'files', 'layout', 'manifest', 'media'],
    'storage',
  ],
  recording: [
    ...['clock', 'codecs', 'containers', 'day-folder', 'facts', 'files', 'manifest', 'media'],
    'rtp',
  ],
  'recorder.ts': ['facts', 'media', 'track-figures.ts'],
  journal: ['clock', 'files'],
  'segment-index': ['facts', 'journal', 'layout', 'media'],
  'record-catalogue': ['facts', 'journal'],
  events: ['clock', 'facts', 'files', 'journal', 'media', 'storage'],
  playback: [
    ...['codecs', 'containers', 'facts', 'layout', 'manifest', 'media', 'recorder.ts'],
    ...['refusal.ts', 'segment-index', 'storage'],
  ],
  export: [
    ...['codecs', 'containers', 'facts', 'files', 'layout', 'media', 'playback', 'refusal.ts'],
    'storage',
  ],
  retention: [
    ...['day-folder', 'facts', 'files', 'layout', 'media', 'record-catalogue', 'segment-index'],
    'storage',
  ],
  'index-rebuild': [
    ...[
      'clock',
      'containers',
      'day-folder',
      'facts',
      'files',
      'journal',
      'layout',
      'manifest',
      'media',
    ],
    ...['record-catalogue', 'retention', 'segment-index', 'storage'],
  ],
  sources: ['clock', 'layout'],
  webhooks: ['clock', 'events', 'journal'],
  config: [
    ...['codecs', 'events', 'ingest', 'layout', 'package-root.ts', 'retention', 'sources'],
    ...['storage', 'webhooks'],
  ],
  streams: [
    ...['clock', 'codecs', 'collect-garbage.ts', 'config', 'day-folder', 'facts', 'ingest'],
    ...['layout', 'logged-error.ts'],
    ...['media', 'recorder.ts', 'recording', 'refusal.ts', 'rtp', 'sources', 'track-figures.ts'],
  ],
  workers: [
    ...['clock', 'config', 'day-folder', 'events', 'facts', 'index-rebuild', 'ingest', 'layout'],
    ...['record-catalogue', 'recorder.ts', 'refusal.ts', 'retention', 'segment-index', 'sources'],
    ...['storage', 'streams'],
  ],
  verification: [
    ...['codecs', 'containers', 'day-folder', 'files', 'layout', 'manifest', 'media'],
    'storage',
  ],
  repair: [
    ...['codecs', 'containers', 'day-folder', 'files', 'layout', 'manifest', 'media'],
    'verification',
  ],
  http: [
    ...[
      'clock',
      'config',
      'events',
      'export',
      'facts',
      'files',
      'index-rebuild',
      'ingest',
      'layout',
      'media',
    ],
    ...['playback', 'record-catalogue', 'recorder.ts', 'refusal.ts', 'retention', 'segment-index'],
    'sources',
    'storage',
    'track-figures.ts',
    'webhooks',
  ],
  telemetry: ['http', 'logged-error.ts'],
  routes: [
    ...['clock', 'events', 'export', 'http', 'layout', 'media', 'package-root.ts', 'playback'],
    'retention',
    ...['segment-index', 'storage', 'version.ts'],
  ],
  'app.ts': [
    ...['config', 'events', 'export', 'http', 'index-rebuild', 'playback', 'record-catalogue'],
    ...['recorder.ts', 'refusal.ts', 'retention', 'segment-index', 'sources', 'storage'],
    ...['version.ts', 'webhooks'],
  ],
  'openapi.ts': [
    ...['app.ts', 'config', 'events', 'package-root.ts', 'record-catalogue', 'recorder.ts'],
    'retention',
    'segment-index',
  ],
  'command-line.ts': ['config'],
  'log.ts': ['config', 'logged-error.ts'],
  'remarks.ts': ['config', 'layout'],
  'signals.ts': [],
  preflight: ['config', 'files', 'ingest'],
  commands: [
    ...['clock', 'command-line.ts', 'config', 'day-folder', 'facts', 'files', 'index-rebuild'],
    ...['journal', 'layout', 'preflight', 'repair', 'retention', 'segment-index', 'storage'],
    ...['verification', 'workers'],
  ],
  'config-reload.ts': ['config', 'refusal.ts'],
  'service.ts': [
    ...['app.ts', 'clock', 'config', 'config-reload.ts', 'events', 'files', 'http'],
    ...['index-rebuild', 'layout', 'recorder.ts', 'retention', 'storage', 'webhooks', 'workers'],
  ],
  'plugin.ts': ['config', 'service.ts'],
  'index.ts': ['app.ts', 'config', 'plugin.ts', 'service.ts', 'version.ts'],
  'run.ts': [
    ...['collect-garbage.ts', 'command-line.ts', 'commands', 'config', 'log.ts', 'refusal.ts'],
    'remarks.ts',
    ...['service.ts', 'signals.ts', 'storage', 'telemetry', 'version.ts'],
  ],
  'main.ts': ['run.ts', 'signals.ts'],
};

/** Lines of a file at most, and of half of the files. */
const LONGEST = 400;
const MEDIAN = 100;
const SPECIFIER = /\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;
const files = new Map(
  globSync('{src,routes}/**/*.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]),
);

/** The folder of a file by which {@link MAY_IMPORT} calls it, or its own name. */
function placeOf(file: string): string {
  const [top, place] = file.split('/');
  return top === 'routes' ? top : place!;
}

/** The files that a file imports, also by types. */
function importsOf(file: string): string[] {
  return [...files.get(file)!.matchAll(SPECIFIER)].map(([, specifier]) =>
    normalize(join(dirname(file), specifier!)).replaceAll('\\', '/'),
  );
}

t.test('imports run along the arrows', async (t) => {
  const against: string[] = [];
  for (const file of files.keys()) {
    const from = placeOf(file);
    for (const imported of importsOf(file)) {
      const to = placeOf(imported);
      if (!files.has(imported) || from === to) continue;
      if (!MAY_IMPORT[from]?.includes(to)) against.push(`${file} imports ${imported}`);
    }
  }
  t.strictSame(against, []);
});

t.test('arrows point up the table, so that there is no circle', async (t) => {
  const places = Object.keys(MAY_IMPORT);
  const all = new Set([...files.keys()].map(placeOf));
  t.strictSame([...all].sort(), [...places].sort(), 'every folder has its place');
  for (const [at, place] of places.entries()) {
    const above = places.slice(0, at);
    const wrong = MAY_IMPORT[place]!.filter((to) => !above.includes(to));
    t.strictSame(wrong, [], place);
  }
});

t.test('no module imports node:http, which would evaluate all that it exports', async (t) => {
  const importing = [...files]
    .filter(([, text]) => /^import (?!type\b).* from 'node:https?';$/m.test(text))
    .map(([file]) => file);
  t.strictSame(importing, []);
});

t.test('a file is short enough to be read at once', async (t) => {
  const lengths = [...files]
    .filter(([file]) => file.startsWith('src/'))
    .map(([file, text]) => ({ file, lines: text.split('\n').length - 1 }));
  const tooLong = lengths.filter(({ lines }) => lines > LONGEST);
  t.strictSame(tooLong, []);
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  t.ok(median <= MEDIAN, `half of the files have up to ${median} lines`);
});
