import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { recordedWeek } from './recorded-week.ts';
import { WatchPage } from './watch-page.ts';

/** Part of what axe.run resolves to. */
interface Violation {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

t.setTimeout(240_000);

t.test('axe finds nothing serious on any page, light and dark, wide and narrow', async (t) => {
  const browser = await requireChromium(t);
  if (browser === undefined || !requireFfmpeg(t)) return;
  const axe = await readFile(AXE, 'utf8');
  const { url, yesterdayMs } = await recordedWeek(t);
  const moment = new Date(yesterdayMs + (14 * 60 + 5) * 60_000).toISOString();
  const dark = { colorScheme: 'dark' as const };
  for (const look of [{}, dark, { width: 390 }, { width: 390, ...dark }]) {
    for (const query of ['', '?streams=', `?streams=cam1,cam2&t=${moment}`]) {
      const watch = await WatchPage.open(browser, `${url}${query}`, look);
      const { page } = watch;
      await page.waitForSelector('.stream', { state: 'attached' });
      if (query.includes('t=')) {
        await watch.untilPlaying();
        // Else it would come to the end of what is recorded, while axe looks at the page.
        await page.keyboard.press('k');
        await page.waitForSelector('#playback-toggle[aria-label="Play"]');
        await page.click('#calendar-toggle');
        await page.waitForSelector('.calendar-day[data-recorded]');
      }
      await page.evaluate(axe);
      const check = async (what: string) => {
        const violations = await page.evaluate<Violation[]>(
          'axe.run().then(({ violations }) => violations)',
        );
        const serious = violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html)}`);
        t.strictSame(serious, [], `${JSON.stringify(look)} ${query} ${what}`);
      };
      await check('as it opens');
      if (query === '') {
        await page.click('.recording-delete >> nth=0');
        await page.waitForSelector('dialog[open] .dialog-delete:enabled');
        await check('with a question');
      }
      if (query.includes('t=')) {
        await page.keyboard.press('i');
        const marked = await watch.markMs('in');
        await page.keyboard.press('ArrowRight');
        await watch.untilClock(marked + 4900, marked + 5100);
        await page.keyboard.press('o');
        await page.click('#clip-export');
        await page.waitForSelector('.export[data-state="done"]');
        await page.click('#clip-protect');
        await page.waitForSelector('.protection');
        await check('with a clip, an export and a protection');
        await page.click('.protection-lift');
        await page.waitForSelector('dialog[open]');
        await check('with a question');
        await page.click('.dialog-lift');
        await page.waitForSelector('.protection', { state: 'detached' });
      }
      await page.context().close();
    }
  }
});
