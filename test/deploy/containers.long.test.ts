import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseConfig } from '../../src/config/load-config.ts';
import { runTool } from '../media/tool.ts';
import { COMPOSE_LOADER, findKubectlValidate, requireJudge } from './judges.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

t.test('Docker Compose reads compose.yaml, and what it mounts is there', async (t) => {
  const { program } = COMPOSE_LOADER;
  if (!requireJudge(t, program)) return;
  const { stdout } = await runTool(program, [join(DEPLOY, 'compose.yaml')]);
  const { services } = JSON.parse(stdout.toString()) as {
    services: Record<string, { volumes?: { type: string; source: string }[]; read_only?: boolean }>;
  };
  const names = ['bucket', 'grafana', 'live777', 'liveman', 'prometheus', 'recorder', 's3'];
  t.strictSame(Object.keys(services).sort(), names);
  for (const { volumes = [] } of Object.values(services)) {
    for (const { type, source } of volumes) {
      if (type === 'bind') await t.resolves(readFileOrFolder(source), source);
    }
  }
  t.equal(services.recorder?.read_only, true);
});

t.test('Kubernetes takes the manifests', async (t) => {
  const program = findKubectlValidate();
  if (!requireJudge(t, program)) return;
  const folder = join(DEPLOY, 'kubernetes');
  const files = (await readdir(folder)).filter((name) => name !== 'kustomization.yaml');
  t.ok(files.length > 2);
  const { stdout } = await runTool(
    program,
    files.map((name) => join(folder, name)),
  );
  for (const name of files) t.match(stdout.toString(), new RegExp(`${name}.*OK`));
  const kustomization = await readFile(join(folder, 'kustomization.yaml'), 'utf8');
  const named = [...kustomization.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name);
  t.strictSame(named.toSorted(), files.toSorted());
});

t.test('the recorder takes the configurations', async (t) => {
  const secret = await readFile(join(DEPLOY, 'kubernetes/config.yaml'), 'utf8');
  const [, inSecret = ''] = /live777\.toml: \|\n([\s\S]*)/.exec(secret) ?? [];
  for (const toml of [
    await readFile(join(DEPLOY, 'container.toml'), 'utf8'),
    await readFile(join(DEPLOY, 'compose/recorder.toml'), 'utf8'),
    inSecret.replaceAll(/^ {4}/gm, ''),
  ]) {
    const { recorder, http, notices } = parseConfig(toml, 'live777.toml');
    t.equal(http.port, 7778);
    t.match(recorder.storage, { type: /^(fs|s3)$/ });
    t.strictSame(notices, []);
  }
});

async function readFileOrFolder(path: string): Promise<void> {
  await readFile(path).catch(() => readdir(path));
}
