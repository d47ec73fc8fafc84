import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { describeApi } from '../src/openapi.ts';
import { testApp } from './http/test-app.ts';

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; description?: string }[];
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

t.test('every operation is described, with its errors', async (t) => {
  const { app } = await testApp(t);
  const document = (await app.inject('/documentation/json')).json() as {
    paths: Record<string, Record<string, Operation>>;
  };
  t.strictSame(Object.keys(document.paths), [
    '/api/info',
    '/api/playback',
    '/api/playback/{stream}',
    '/api/record/object/{path}',
    '/api/record/segments',
    '/api/record/{stream}',
    '/api/recorder/streams',
    '/api/recordings',
    '/api/sources',
    '/api/sse/streams',
    '/api/storage',
    '/api/strategy/',
    '/api/streams/',
    '/api/streams/{stream}',
    '/api/time',
    '/metrics',
    '/session/{stream}/{session}',
    '/whip/{stream}',
  ]);
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const name = `${method} ${path}`;
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
      t.equal('400' in operation.responses, takesInput, `${name}: 400`);
    }
  }
});
