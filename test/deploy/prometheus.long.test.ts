import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { requireTool } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { freePort } from '../server/free-port.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const TOKEN = 'replace-this-token';
/** Panels that show nothing without a bucket, or a disk that fills up. */
const EMPTY = ['Full in', 'Oldest upload', 'Waiting for the bucket'];

/** Runs Prometheus with `deploy/prometheus`, and a recorder at another address. */
async function startPrometheus(t: Test, recorder: string): Promise<string> {
  const folder = t.testdir({});
  const port = await freePort();
  const config = await readFile(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8');
  const changed = config
    .replace('127.0.0.1:7778', new URL(recorder).host)
    .replace('scrape_interval: 15s', 'scrape_interval: 1s\n  evaluation_interval: 1s');
  await writeFile(join(folder, 'prometheus.yml'), changed);
  await writeFile(
    join(folder, 'alerts.yml'),
    await readFile(join(DEPLOY, 'prometheus/alerts.yml'), 'utf8'),
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'], cwd: folder },
  );
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return `http://127.0.0.1:${port}`;
}

interface Answer<T> {
  status: string;
  error?: string;
  data: T;
}

t.test('Prometheus scrapes a recorder, and evaluates every alert and panel', async (t) => {
  if (!requireTool(t, 'prometheus', 'apt-get install prometheus')) return;
  const recorder = await startRecorder(t, { tokens: [TOKEN] });
  const publisher = await WhipPublisher.connect({
    whipUrl: `${recorder.url}/whip/cam1`,
    token: TOKEN,
  });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  const prometheus = await startPrometheus(t, recorder.url);
  const ask = async <T>(path: string): Promise<Answer<T>> =>
    (await fetch(`${prometheus}/api/v1/${path}`)).json() as Promise<Answer<T>>;
  const query = (text: string) =>
    ask<{ result: { value: [number, string] }[] }>(`query?query=${encodeURIComponent(text)}`);
  await until('it is recorded, and Prometheus knows', async () => {
    const recorded = await query('live777_recorder_streams{state="recording"} == 1').catch(
      () => undefined,
    );
    return recorded?.data?.result.length === 1;
  });

  interface Rules {
    groups: { rules: { name: string; health: string; state: string }[] }[];
  }
  const rules = await until('every rule has been evaluated', async () => {
    const { data } = await ask<Rules>('rules');
    const all = data.groups.flatMap((group) => group.rules);
    return all.every(({ health }) => health !== 'unknown') ? all : undefined;
  });
  for (const { name, health, state } of rules) {
    t.match({ health, state }, { health: 'ok', state: 'inactive' }, name);
  }

  const { panels } = JSON.parse(
    await readFile(join(DEPLOY, 'grafana/dashboards/live777-recorder.json'), 'utf8'),
  ) as { panels: { title: string; targets: { expr: string }[] }[] };
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      const asked = expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.+');
      const { status, error } = await query(asked);
      t.equal(status, 'success', `${title} ${error ?? ''}`);
      if (EMPTY.includes(title)) continue;
      // A rate takes two scrapes.
      await until(`${title} has a value`, async () => (await query(asked)).data.result.length > 0);
    }
  }
  await publisher.stop();
});
