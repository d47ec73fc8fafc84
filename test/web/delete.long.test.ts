import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedWeek } from './recorded-week.ts';
import { WatchPage } from './watch-page.ts';

t.test('a recording is deleted once that is confirmed, but for what is protected', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const { url, yesterdayMs } = await recordedWeek(t);
  const spans = async () => {
    const query = `streams=cam1&start=0&end=${yesterdayMs * 1000 + 2 * 86_400e6}&resolution=0`;
    const reply = await (await fetch(`${url}api/timeline?${query}`)).json();
    return (reply as { streams: { spans: { start_ts: number }[] }[] }).streams[0]!.spans;
  };
  const before = await spans();
  const at = (seconds: number) => (yesterdayMs + 50_690_000 + seconds * 1000) * 1000;
  const body = { stream: 'cam1', start_ts: at(10), end_ts: at(20), note: 'accident at the gate' };
  const headers = { 'Content-Type': 'application/json' };
  const protect = { method: 'POST', headers, body: JSON.stringify(body) };
  t.equal((await fetch(`${url}api/protections`, protect)).status, 201);

  const watch = await WatchPage.open(browser, url);
  const { page } = watch;
  const item = page.locator('[data-stream="cam1"] .recording').first();
  const dialog = page.locator('dialog[open]');
  await item.locator('.recording-delete').press('Enter');
  await dialog.locator('[role="status"]:has-text("stay, because they are protected")').waitFor();
  t.match(await dialog.textContent(), /cam1, .* MB are deleted\. They cannot be brought back\./);
  t.ok(
    await page.evaluate('document.activeElement.classList.contains("dialog-cancel")'),
    'what has the focus does no harm',
  );
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  t.ok(
    await page.evaluate('document.activeElement.classList.contains("recording-delete")'),
    'the focus is where it was',
  );
  t.strictSame(await spans(), before, 'nothing was deleted');

  await item.locator('.recording-delete').click();
  await dialog.locator('.dialog-delete:enabled').click();
  await dialog.waitFor({ state: 'detached' });
  const after = await spans();
  const isOfDay = ({ start_ts }: { start_ts: number }) => start_ts >= yesterdayMs * 1000;
  const [left, ...others] = after.filter(isOfDay);
  t.strictSame(others, [], 'of that day, one stretch is left');
  t.ok(left!.start_ts > at(5) && left!.start_ts <= at(10), 'which is the protected one');
  const notOfDay = before.filter((span) => !isOfDay(span));
  t.strictSame(
    after.filter((span) => !isOfDay(span)),
    notOfDay,
    'and the other days',
  );

  // What is protected is told on the timeline.
  await page.goto(`${url}?streams=cam1&t=${new Date(at(15) / 1000).toISOString()}`);
  await watch.untilClock(at(14) / 1000, at(20) / 1000);
  await page.focus('#timeline');
  for (let press = 0; press < 10; press++) await page.keyboard.press('+');
  await watch.until('a minute or so', async () => {
    const { startMs, endMs } = await watch.range();
    return endMs - startMs < 120_000;
  });
  const box = (await page.locator('#timeline').boundingBox())!;
  const { startMs, endMs } = await watch.range();
  const x = ((at(15) / 1000 - startMs) / (endMs - startMs)) * box.width;
  await page.mouse.move(box.x + x, box.y + 50);
  await page.waitForSelector('.timeline-hover:has-text("Protected: accident at the gate")');

  // A refusal is told in the dialog.
  await page.goto(url);
  await page.route('**/api/playback/cam2*', (route) =>
    route.fulfill({ status: 403, json: { message: 'this token does not allow to execute' } }),
  );
  await page.click('[data-stream="cam2"] .recording-delete');
  await dialog.locator('[role="alert"]:has-text("does not allow")').waitFor();
  t.ok(await dialog.locator('.dialog-delete').isDisabled());
  t.strictSame(watch.faults, []);
  await page.context().close();

  await t.test('with a finger, 390 px wide', async (t) => {
    const phone = await WatchPage.open(browser, url, { width: 390, height: 844, hasTouch: true });
    const { page } = phone;
    const day = page.locator('[data-stream="cam2"] .recording').first();
    const name = (await day.locator('code').textContent())!;
    await day.locator('.recording-delete').tap();
    const dialog = page.locator('dialog[open]');
    const button = dialog.locator('.dialog-delete:enabled');
    const { x, y, width, height } = (await button.boundingBox())!;
    t.ok(x >= 0 && x + width <= 390 && y + height <= 844, 'it is within reach');
    t.ok(height >= 44, `and ${height} px high`);
    await button.tap();
    await dialog.waitFor({ state: 'detached' });
    await page.waitForSelector(`[data-stream="cam2"] .recording code:text-is("${name}")`, {
      state: 'detached',
    });
    t.strictSame(phone.faults, []);
    await page.context().close();
  });
});
