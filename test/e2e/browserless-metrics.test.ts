import { execFile } from 'node:child_process';
import t from 'tap';
import { requireTool } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** What promtool says of a page of metrics; empty if it has nothing to say. */
function checkMetrics(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) => {
      // It ends with 3 where it has something to say.
      if (error && error.code !== 3 && stderr === '') reject(error);
      else resolve(stdout + stderr);
    });
    child.stdin!.end(text);
  });
}

t.test('promtool has nothing to say of the metrics of a recording', async (t) => {
  if (!requireTool(t, 'promtool', 'apt-get install prometheus')) return;
  const recorder = await startRecorder(t);
  const publisher = await WhipPublisher.connect({ whipUrl: `${recorder.url}/whip/cam1` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  await until('it is recorded', async () => (await recordStatus(recorder.url, 'cam1')).recording);
  const text = await (await fetch(`${recorder.url}/metrics`)).text();
  t.equal(await checkMetrics(text), '');
  t.match(await checkMetrics('# TYPE a_total gauge\na_total 1\n'), /a_total/, 'it would say so');
  for (const worker of [
    /worker_cpu_seconds_total\{worker="0",mode="user"\} \d+\.\d+/,
    /delay_max/,
  ]) {
    t.match(text, worker);
  }
});
