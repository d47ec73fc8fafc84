import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { nameSchemas } from '../src/http/named-schemas.ts';
import { describeApi } from '../src/openapi.ts';
import { testApp } from './http/test-app.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; required: boolean; description?: string }[];
  requestBody?: object;
  responses: Record<string, { description?: string }>;
}

t.test('openapi.yaml is what the routes say', async (t) => {
  const written = await readFile(join(import.meta.dirname, '../openapi.yaml'), 'utf8');
  t.ok(written === (await describeApi()), 'else run `npm run openapi`');
});

t.test('it does not depend on the configuration', async (t) => {
  const { app } = await testApp(
    t,
    '[http]\ncors = true\n[auth]\nsecret = "s"\n[recorder]\nnode_alias = "n"',
  );
  t.ok(app.swagger({ yaml: true }) === (await describeApi()));
});

t.test('every model has a name, once', async (t) => {
  const { app } = await testApp(t);
  const { paths, components } = app.swagger() as {
    paths: object;
    components: { schemas: Record<string, object> };
  };
  const inline = (where: object) => JSON.stringify(where).match(/"(?:properties|pattern)":/g) ?? [];
  t.strictSame(inline(paths), [], 'none is described where it is used');
  for (const [name, schema] of Object.entries(components.schemas)) {
    t.match(name, /^[A-Z][A-Za-z0-9]+$/);
    t.ok(inline(schema).length <= 1, `${name} has no nameless model in it`);
  }
  t.match(JSON.stringify(paths), '"schema":{"$ref":"#/components/schemas/SegmentPage"}');
});

t.test('two models that differ cannot have one name', (t) => {
  const document = (second: object) => ({
    paths: { '/a': { title: 'A', type: 'object' }, '/b': { title: 'A', ...second } },
  });
  t.throws(() => nameSchemas(document({ type: 'array' })), { message: /have the title A/ });
  const same = document({ type: 'object', examples: [{ title: 'A' }] });
  nameSchemas(same);
  t.strictSame(same, {
    paths: {
      '/a': { $ref: '#/components/schemas/A' },
      '/b': { $ref: '#/components/schemas/A' },
    },
    components: { schemas: { A: { type: 'object', examples: [{ title: 'A' }] } } },
  });
  t.end();
});

t.test('what has a default may be left out', async (t) => {
  const { app } = await testApp(t);
  const { paths } = app.swagger() as unknown as {
    paths: Record<string, Record<string, Operation>>;
  };
  for (const path of ['/api/record/segments', '/api/recordings']) {
    for (const { name, required } of paths[path]?.get?.parameters ?? []) {
      t.equal(required, false, `${name} of ${path}`);
    }
  }
  t.equal(paths['/api/record/{stream}']?.get?.parameters?.[0]?.required, true);
});

t.test('it names a server, and the copy that is served the one that served it', async (t) => {
  const { app } = await testApp(t);
  t.match(app.swagger(), { servers: [{ url: 'http://{address}' }] });
  const served = (await app.inject('/documentation/json')).json();
  const base = new URL(served.servers[0].url, 'https://example.org/prefix/documentation/json');
  t.equal(base.href, 'https://example.org/prefix/');
});

t.test('every operation is described, with its errors', async (t) => {
  const { app } = await testApp(t);
  const document = (await app.inject('/documentation/json')).json() as {
    paths: Record<string, Record<string, Operation>>;
  };
  t.strictSame(Object.keys(document.paths), [
    '/api/config/reload',
    '/api/events',
    '/api/exports',
    '/api/exports/{id}',
    '/api/exports/{id}/events',
    '/api/exports/{id}/file',
    '/api/info',
    '/api/playback',
    '/api/playback/{stream}',
    '/api/playback/{stream}/audio.m3u8',
    '/api/playback/{stream}/export.mp4',
    '/api/playback/{stream}/export.webm',
    '/api/playback/{stream}/filler-init.m4s',
    '/api/playback/{stream}/filler.m4s',
    '/api/playback/{stream}/index.m3u8',
    '/api/playback/{stream}/manifest.mpd',
    '/api/playback/{stream}/picture',
    '/api/playback/{stream}/video.m3u8',
    '/api/protections',
    '/api/protections/{id}',
    '/api/record/object/{path}',
    '/api/record/segments',
    '/api/record/{stream}',
    '/api/recorder/armed',
    '/api/recorder/events',
    '/api/recorder/streams',
    '/api/recordings',
    '/api/retention',
    '/api/retention/sweep',
    '/api/sources',
    '/api/sse/streams',
    '/api/storage',
    '/api/strategy',
    '/api/streams',
    '/api/streams/{stream}',
    '/api/time',
    '/api/timeline',
    '/healthz',
    '/metrics',
    '/readyz',
    '/session/{stream}/{session}',
    '/whip/{stream}',
  ]);
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const name = `${method} ${path}`;
      t.match(operation.operationId, /^[a-z][A-Za-z0-9]+$/, `${name}: operationId`);
      t.notOk(ids.has(operation.operationId ?? ''), `${name}: operationId of its own`);
      ids.add(operation.operationId ?? '');
      t.ok(operation.summary, `${name}: summary`);
      t.ok(operation.description, `${name}: description`);
      t.ok(operation.tags, `${name}: tag`);
      for (const { name: parameter, description } of operation.parameters ?? []) {
        t.ok(description, `${name}: description of ${parameter}`);
      }
      for (const [status, { description }] of Object.entries(operation.responses)) {
        t.not(description, 'Default Response', `${name}: description of ${status}`);
      }
      const needsToken = (operation.security ?? []).length > 0;
      t.equal('401' in operation.responses, needsToken, `${name}: 401`);
      t.equal('403' in operation.responses, needsToken, `${name}: 403`);
      const takesInput = (operation.parameters ?? operation.requestBody) !== undefined;
      // `streams` may be anything, and Liveman may send more.
      if (path === '/api/streams' || path === '/api/sse/streams') continue;
      t.equal('400' in operation.responses, takesInput, `${name}: 400`);
    }
  }
});
