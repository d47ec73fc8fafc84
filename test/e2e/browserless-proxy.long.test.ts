import t, { type Test } from 'tap';
import { requireTool } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startNginx } from '../server/nginx.ts';
import { getJson, type RecordRow, recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** Links of a page, as a browser follows them. */
async function links(page: Response): Promise<URL[]> {
  const html = await page.text();
  const found = [...html.matchAll(/ (?:href|src)="([^"#]+)"/g)].map(([, link]) => link!);
  return found.map((link) => new URL(link, page.url));
}

async function throughProxy(t: Test, trusts: boolean): Promise<void> {
  const trust = trusts ? 'trust_proxy = ["127.0.0.1"]' : '';
  const recorder = await startRecorder(t, {
    configToml: `[http]\n${trust}\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n[recorder]\nauto_streams = ["*"]\nsegment_seconds = 2\n[recorder.storage]\ntype = "fs"\nroot = "{root}"`,
  });
  const base = await startNginx(t, recorder.url);

  for (const path of ['/', '/documentation', '/documentation/']) {
    const page = await fetch(base + path);
    t.equal(page.status, 200, path);
    const all = await links(page);
    t.ok(all.length > 1);
    for (const link of all) {
      t.equal((await fetch(link)).status, 200, `${path} links to ${link.pathname}`);
    }
  }
  const described = await fetch(`${base}/documentation/json`);
  const { servers } = (await described.json()) as { servers: { url: string }[] };
  t.equal(new URL(servers[0]!.url, described.url).pathname, '/rec/');

  const stream = 'site1/cam2';
  const publisher = await WhipPublisher.connect({ whipUrl: `${base}/whip/${stream}` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  await until('it is recorded', async () => (await recordStatus(recorder.url, stream)).recording);
  // nginx sends %2F on as a slash.
  const status = await getJson<RecordRow>(`${base}/api/record/${encodeURIComponent(stream)}`);
  t.equal(status.state, 'recording');
  const manifest = status.mpd_path!.split('/').map(encodeURIComponent).join('/');
  await until('a manifest', async () => (await fetch(`${base}/api/record/object/${manifest}`)).ok);
  await publisher.stop();
  await until(
    'it is over',
    async () => (await recordStatus(recorder.url, stream)).state === 'idle',
  );

  const origin = new URL(base).origin;
  const ours = await fetch(`${base}/api/record/x`, { method: 'POST', headers: { origin } });
  t.equal(ours.status, trusts ? 200 : 403, 'who is not believed cannot say what we are called');
  const foreign = await fetch(`${base}/api/record/x`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  });
  t.equal(foreign.status, 403);
}

t.test('below a prefix of nginx', async (t) => {
  if (!requireTool(t, 'nginx', 'apt-get install nginx-light')) return;
  await t.test('which is trusted', (t) => throughProxy(t, true));
  await t.test('which is not', (t) => throughProxy(t, false));
});
