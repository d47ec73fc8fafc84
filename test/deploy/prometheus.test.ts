import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Metrics } from '../../src/http/metrics.ts';
import { testApp } from '../http/test-app.ts';
import { requireTool, runTool } from '../media/tool.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const ALERTS = join(DEPLOY, 'prometheus/alerts.yml');
const DASHBOARD = join(DEPLOY, 'grafana/dashboards/live777-recorder.json');

/** Names of all metrics of a recorder with a bucket. */
async function names(t: Test): Promise<Set<string>> {
  const { app, root } = await testApp(t);
  const bucket = { state: () => undefined } as never;
  const metrics = new Metrics(Object.create(app, { store: { value: { root, bucket } } }));
  const text = await metrics.text();
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
}

/** Metrics that an expression or a text of several names. */
function named(text: string): string[] {
  const all = text.match(/\b(?:live777_recorder|process|nodejs)_\w+/g) ?? [];
  return [...new Set(all.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')))];
}

t.test('the alerts name metrics that exist', async (t) => {
  const existing = await names(t);
  const used = named(await readFile(ALERTS, 'utf8'));
  t.ok(used.length > 10);
  t.strictSame(
    used.filter((name) => !existing.has(name)),
    [],
  );
});

t.test('promtool finds the rules sound, and each fires when it should', async (t) => {
  if (!requireTool(t, 'promtool', 'apt-get install prometheus')) return;
  for (const args of [
    ['check', 'rules', ALERTS],
    ['check', 'config', join(DEPLOY, 'prometheus/prometheus.yml')],
    ['test', 'rules', join(import.meta.dirname, 'alerts.promtool.yml')],
  ]) {
    const { stdout } = await runTool('promtool', args);
    t.match(stdout.toString(), /SUCCESS/, args.join(' '));
  }
});

interface Dashboard {
  panels: { id: number; title: string; targets: { expr: string }[]; gridPos: Place }[];
  templating: { list: { name: string; definition?: string }[] };
}
type Place = Record<'x' | 'y' | 'w' | 'h', number>;

t.test(
  'the dashboard names metrics and variables that exist, and no panel lies on another',
  async (t) => {
    const { panels, templating }: Dashboard = JSON.parse(await readFile(DASHBOARD, 'utf8'));
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const existing = await names(t);
    const all = [...expressions, ...templating.list.map(({ definition = '' }) => definition)];
    const used = named(all.join('\n'));
    t.strictSame(
      used.filter((name) => !existing.has(name)),
      [],
    );
    const variables = new Set(['__rate_interval', ...templating.list.map(({ name }) => name)]);
    const asked = all.join('\n').match(/(?<=\$)\w+/g) ?? [];
    t.strictSame(
      asked.filter((name) => !variables.has(name)),
      [],
    );
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    t.equal(new Set(cells).size, cells.length);
    t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    if (!requireTool(t, 'promtool', 'apt-get install prometheus')) return;
    const rules = expressions.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, 'x'),
    }));
    const folder = t.testdir({ 'rules.json': JSON.stringify({ groups: [{ name: 'a', rules }] }) });
    const { stdout } = await runTool('promtool', ['check', 'rules', join(folder, 'rules.json')]);
    t.match(stdout.toString(), new RegExp(`SUCCESS: ${rules.length} rules`));
  },
);
