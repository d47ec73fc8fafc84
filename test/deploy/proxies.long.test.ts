import type { BrowserContext, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { ConsolePage } from '../chromium/console-page.ts';
import { requireChromium } from '../chromium/launch.ts';
import { requireTool } from '../media/tool.ts';
import { startDeployedCaddy, startDeployedNginx } from '../server/deployed-proxy.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

t.setTimeout(240_000);

const STREAM = 'site1/cam2';
const CONFIG = `[http]
hosts = ["example.org"]
trust_proxy = ["127.0.0.1", "::1"]
[webrtc]
ice_udp_addrs = ["127.0.0.1"]
[recorder]
auto_streams = ["*"]
segment_seconds = 2
[recorder.storage]
type = "fs"
root = "{root}"
`;

/** Publishes from the console, records, and plays what was recorded. */
async function useConsole(t: Test, context: BrowserContext, base: string): Promise<Page> {
  const console = await ConsolePage.open(context, base);
  const { page, faults } = console;
  await console.publish({ stream: STREAM, size: '640x360' });
  await console.untilState(STREAM, 'recording');
  const first = (await page.evaluate(`fetch('api/recorder/events').then(async (reply) => {
    const reader = reply.body.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  })`)) as string;
  t.match(first, /^(event|id|data|retry):/m, 'events arrive as they are sent');
  await console.untilStored(STREAM);
  await console.stopPublishing();
  await console.untilState(STREAM, 'idle').catch(() => undefined);
  await page.click(`[data-stream="${STREAM}"] .recording-play`);
  // What is recorded may be over before the next picture could be waited for.
  await until('a picture is shown, and it moves', () =>
    page.evaluate(`(() => {
      const video = document.querySelector('.tile video');
      return video?.videoWidth > 0 && video.readyState >= 2 && video.played.length > 0;
    })()`),
  );
  t.strictSame(faults, []);
  return page;
}

/** Tries an operation in Swagger UI. */
async function useSwagger(t: Test, context: BrowserContext, base: string): Promise<void> {
  const { page, faults } = await ConsolePage.open(context, `${base}/documentation`);
  await page.click('#operations-live777-getInfo .opblock-summary-control');
  await page.click('#operations-live777-getInfo .execute');
  const status = page.locator(
    '#operations-live777-getInfo .live-responses-table tr.response td.response-col_status',
  );
  t.match(await status.first().textContent(), /200/);
  const asked = await page
    .locator('#operations-live777-getInfo .request-url pre')
    .first()
    .textContent();
  t.equal(asked?.trim(), `${base}/api/info`);
  t.strictSame(faults, [], 'with its policy');
}

async function throughProxy(
  t: Test,
  start: (t: Test, target: string) => Promise<string>,
): Promise<void> {
  const browser = await requireChromium(t, ['--host-resolver-rules=MAP example.org 127.0.0.1']);
  if (browser === undefined) return;
  const recorder = await startRecorder(t, { configToml: CONFIG });
  const base = await start(t, recorder.url);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await useConsole(t, context, base);
  await useSwagger(t, context, base);

  const noSlash = await page.goto(base);
  t.equal(noSlash?.url(), `${base}/`);
  const foreign = (await page.evaluate(
    `fetch('nothing').then((reply) => reply.headers.get('x-request-id'))`,
  )) as string;
  await recorder.stop();
  t.match(foreign, /^[\da-f-]{32,36}$/);
  const lines = recorder.log().filter((line) => line.startsWith('{'));
  const remarkable = lines.filter((line) => JSON.parse(line).level !== 'info');
  t.strictSame(remarkable, []);
  t.notMatch(lines.join('\n'), 'reqId', 'no request is worth a line');
}

t.test('below a prefix of nginx, with TLS', async (t) => {
  if (!requireTool(t, 'nginx', 'apt-get install nginx-light')) return;
  await throughProxy(t, startDeployedNginx);
});

t.test('below a prefix of Caddy, with TLS', async (t) => {
  if (!requireTool(t, 'caddy', 'apt-get install caddy')) return;
  await throughProxy(t, startDeployedCaddy);
});
