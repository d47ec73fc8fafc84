import t, { type Test } from 'tap';
import { requireTool } from '../media/tool.ts';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { startCaddy } from '../server/deployed-proxy.ts';
import { startNginx } from '../server/nginx.ts';
import { getJson, type RecordRow, recordStatus } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

type StartProxy = (t: Test, target: string) => Promise<string>;

/** Links of a page, as a browser follows them. */
async function links(page: Response): Promise<URL[]> {
  const html = await page.text();
  const found = [...html.matchAll(/ (?:href|src)="([^"#]+)"/g)].map(([, link]) => link!);
  return found.map((link) => new URL(link, page.url));
}

/** Everything that the players' manifests of a stream refer to, directly and by other playlists. */
async function playedAddresses(base: string, stream: string): Promise<URL[]> {
  const below = `${base}/api/playback/${encodeURIComponent(stream)}`;
  const dash = await fetch(`${below}/manifest.mpd?start=0`);
  const mpd = await dash.text();
  const found: URL[] = [];
  for (const period of mpd.match(/<Period[\s\S]*?<\/Period>/g) ?? []) {
    const folder = new URL(/<BaseURL>(.*?)<\/BaseURL>/.exec(period)![1]!, dash.url);
    const names = [...period.matchAll(/initialization="([^"]+)"/g)].map(([, name]) => name!);
    found.push(...names.map((name) => new URL(name, folder)));
  }
  const playlists = [`${below}/index.m3u8?start=0`];
  for (const address of playlists) {
    const playlist = await fetch(address);
    const text = await playlist.text();
    const named = [...text.matchAll(/URI="([^"]+)"/g)].map(([, uri]) => uri!);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const link of [...named, ...lines].map((uri) => new URL(uri, playlist.url))) {
      if (link.pathname.endsWith('.m3u8')) playlists.push(link.href);
      else found.push(link);
    }
  }
  return found;
}

async function throughProxy(t: Test, start: StartProxy, trusts: boolean): Promise<void> {
  const trust = trusts ? 'trust_proxy = ["127.0.0.1"]' : '';
  const recorder = await startRecorder(t, {
    configToml: `[http]\n${trust}\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n[recorder]\nauto_streams = ["*"]\nsegment_seconds = 2\n[recorder.storage]\ntype = "fs"\nroot = "{root}"`,
  });
  const base = await start(t, recorder.url);

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

  const played = await playedAddresses(base, stream);
  t.ok(played.some(({ pathname }) => pathname.endsWith('/init.m4s')));
  t.ok(played.some(({ pathname }) => pathname.endsWith('/audio_seg_0001.m4s')));
  for (const address of played) {
    t.equal((await fetch(address)).status, 200, address.pathname);
  }

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
  await t.test('which is trusted', (t) => throughProxy(t, startNginx, true));
  await t.test('which is not', (t) => throughProxy(t, startNginx, false));
  await t.test('which is trusted, and decodes %2F', (t) =>
    throughProxy(t, (t, target) => startNginx(t, target, { decodes: true }), true),
  );
});

t.test('below a prefix of Caddy', async (t) => {
  if (!requireTool(t, 'caddy', 'apt-get install caddy')) return;
  await t.test('which is trusted', (t) => throughProxy(t, startCaddy, true));
});
