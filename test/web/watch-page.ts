import type { Browser, Page } from 'playwright-core';

/** Where the page's user is. */
export const PAGE_ZONE = 'Europe/Berlin';

/** What a tile of the page shows. */
export interface ShownTile {
  stream: string;
  state: string;
  /** Seconds of its presentation. */
  time: number;
  rate: number;
  isPaused: boolean;
  width: number;
  /** What is said over the picture, if anything. */
  note: string;
}

/** Name of the MP4 file of a clip: its stream, and when it begins by the clock of {@link PAGE_ZONE}. */
export function clipName(stream: string, startMs: number): string {
  const local = new Date(startMs).toLocaleString('sv', { timeZone: PAGE_ZONE });
  return `${stream}_${local.replace(' ', '_').replaceAll(':', '-')}.mp4`;
}

/** The page on which recordings are watched, used as a person uses it. */
export class WatchPage {
  readonly page: Page;
  /** Scripts that failed, and what the page's policy blocked. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.faults.push(message.text());
    });
  }

  /** Opens an address of the console in a context of its own. */
  static async open(
    browser: Browser,
    url: string,
    options: { width?: number; height?: number; hasTouch?: boolean; colorScheme?: 'dark' } = {},
  ): Promise<WatchPage> {
    const { width = 1200, height = 900, ...others } = options;
    const context = await browser.newContext({
      ...{ viewport: { width, height }, timezoneId: PAGE_ZONE, locale: 'en-GB' },
      ...others,
    });
    const opened = new WatchPage(await context.newPage());
    await opened.page.goto(url);
    return opened;
  }

  /** The moment that the clock shows, ms since the Unix epoch; not a number while it shows none. */
  async clockMs(): Promise<number> {
    return Date.parse((await this.page.getAttribute('#playback-clock', 'datetime')) ?? '');
  }

  /**
   * Waits until it stands still, with its last picture shown: the browser may show one more after it was paused.
   * @returns what the clock says then, ms since the Unix epoch
   */
  async untilPaused(): Promise<number> {
    await this.page.waitForSelector('#playback-toggle[aria-label="Play"]');
    await this.page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
    return this.clockMs();
  }

  /**
   * Selector of a day of this month or of the one before in the calendar, which is open and shows days by
   * UTC; turns to its month.
   * @param startMs when it begins, ms since the Unix epoch
   */
  async calendarDay(startMs: number): Promise<string> {
    const month = { month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
    const title = new Intl.DateTimeFormat('en-GB', month).format(startMs);
    const shown = await this.page.textContent('.calendar strong');
    if (shown !== title) await this.page.click('.calendar .panel-head button >> nth=0');
    return `.calendar-day[data-recorded]:not([data-outside]):text-is("${new Date(startMs).getUTCDate()}")`;
  }

  /** Where the clip begins or ends, as it is marked, ms since the Unix epoch. */
  async markMs(mark: 'in' | 'out'): Promise<number> {
    return Date.parse((await this.page.getAttribute(`#clip-${mark} + time`, 'datetime'))!);
  }

  /**
   * Waits until each tile has media and plays: before that, the clock shows what was asked for, and then
   * that of the picture there, which was taken before it.
   */
  async untilPlaying(): Promise<void> {
    await this.until('pictures', async () => {
      const tiles = await this.tiles();
      return (
        tiles.length > 0 && tiles.every(({ state, isPaused }) => state === 'media' && !isPaused)
      );
    });
  }

  /** Waits until the clock shows a moment between two others. */
  async untilClock(fromMs: number, toMs: number): Promise<void> {
    await this.until(
      `the clock between ${new Date(fromMs).toISOString()} and ${toMs}`,
      async () => {
        const clock = await this.clockMs();
        return clock >= fromMs && clock < toMs;
      },
    );
  }

  /** Asks again and again until something holds. @throws Error that says for what it waited, and what is shown */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        const shown = JSON.stringify(await this.tiles());
        throw new Error(`never came to ${what}: ${await this.clockMs()} ${shown}`);
      }
      await this.page.waitForTimeout(50);
    }
  }

  /** What the tiles show. */
  tiles(): Promise<ShownTile[]> {
    return this.page.evaluate(`[...document.querySelectorAll('.tile')].map((tile) => {
      const video = tile.querySelector('video');
      const note = tile.querySelector('.screen-note');
      return {
        stream: tile.dataset.streamTile,
        state: tile.dataset.tileState,
        time: video.currentTime,
        rate: video.playbackRate,
        isPaused: video.paused,
        width: video.videoWidth,
        note: note.hidden ? '' : note.textContent,
      };
    })`);
  }

  /** Presses the timeline at a moment of what it shows. */
  async clickTimeline(epochMs: number): Promise<void> {
    const { x, y, width } = (await this.page.locator('#timeline').boundingBox())!;
    const { startMs, endMs } = await this.range();
    const at = ((epochMs - startMs) / (endMs - startMs)) * width;
    await this.page.mouse.click(x + at, y + 50);
  }

  /** What of the wall clock the timeline shows, to the second, ms since the Unix epoch. */
  async range(): Promise<{ startMs: number; endMs: number }> {
    const [start, end] = await Promise.all(
      ['min', 'max'].map((bound) => this.page.getAttribute('#timeline', `aria-value${bound}`)),
    );
    return { startMs: Number(start) * 1000, endMs: Number(end) * 1000 };
  }
}
