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
  for (const look of [{}, { colorScheme: 'dark' as const }, { width: 390 }]) {
    for (const query of ['', '?streams=', `?streams=cam1,cam2&t=${moment}`]) {
      const watch = await WatchPage.open(browser, `${url}${query}`, look);
      const { page } = watch;
      await page.waitForSelector('.stream', { state: 'attached' });
      if (query.includes('t=')) {
        await page.waitForSelector('.tile[data-tile-state="media"]');
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
        await watch.untilClock(Date.parse(moment), Date.parse(moment) + 15_000);
        await page.keyboard.press('i');
        await page.keyboard.press('ArrowRight');
        await watch.untilClock(Date.parse(moment) + 5000, Date.parse(moment) + 20_000);
        await page.keyboard.press('o');
        await page.click('#clip-export');
        await page.waitForSelector('.export[data-state="done"]');
        await check('with a clip and an export');
      }
      await page.context().close();
    }
  }
});
