import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { startRecorderStub } from './recorder-stub.ts';

t.test('a large clip is gathered on the disk, a small one in memory', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined) return;
  const { url } = await startRecorderStub(t);
  const page = await browser.newPage();
  await page.goto(url);
  const gather = (bytes: number, end: 'finish' | 'discard') =>
    page.evaluate(`(async () => {
      const { createClipFile } = await import('./src/model/clip-file.ts');
      const file = await createClipFile(${bytes});
      await file.write(new TextEncoder().encode('one '));
      await file.write(new TextEncoder().encode('two'));
      const whole = await file.${end}();
      const kept = await Array.fromAsync((await navigator.storage.getDirectory()).keys());
      return { isOnDisk: whole instanceof File, text: await whole?.text(), kept: kept.length };
    })()`);
  t.strictSame(await gather(1e9, 'discard'), { isOnDisk: false, text: undefined, kept: 0 });
  t.strictSame(await gather(1e6, 'finish'), { isOnDisk: false, text: 'one two', kept: 0 });
  t.strictSame(await gather(1e9, 'finish'), { isOnDisk: true, text: 'one two', kept: 1 });
  await page.evaluate(`Date.now = () => performance.timeOrigin + 2 * 3_600_000`);
  t.match(await gather(1e9, 'finish'), { kept: 1 }, 'what is old is removed');
  t.ok(
    await page.evaluate(`(async () => {
      Object.defineProperty(navigator, 'storage', { value: undefined });
      const { createClipFile } = await import('./src/model/clip-file.ts');
      return (await createClipFile(1e9)) === undefined;
    })()`),
    'and where there is no such storage, it is said',
  );
  await page.close();
});
