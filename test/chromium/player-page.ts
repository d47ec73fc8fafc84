import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';

/** Players that a recording has to play in; hls.js plays playlists alone. */
export type PlayerName = 'dash.js' | 'shaka' | 'hls.js';

/** Names of the players that play DASH. */
export const PLAYER_NAMES: PlayerName[] = ['dash.js', 'shaka'];

/** What a player shows at one moment. All times are seconds of the presentation. */
export interface PlayerStatus {
  time: number;
  /** `HTMLMediaElement.readyState`: 3 has the present picture and the next. */
  readyState: number;
  isSeeking: boolean;
  isEnded: boolean;
  /** The manifest is dynamic, or the playlist has no end yet. */
  isLive: boolean;
  seekStart: number;
  seekEnd: number;
  /** Size of the decoded picture, pixels. */
  width: number;
  height: number;
  /** Times that it ran dry while playing; waiting after a seek is none. */
  stalls: number;
  errors: string[];
  /** Where a picture turned white. */
  flashes: number[];
  /** Where a tone began, to some tens of milliseconds. */
  beeps: number[];
}

const require = createRequire(import.meta.url);
const LIBRARIES: Record<PlayerName, string> = {
  'dash.js': join(import.meta.dirname, '../../node_modules/dashjs/dist/modern/umd/dash.all.min.js'),
  shaka: require.resolve('shaka-player'),
  'hls.js': join(import.meta.dirname, '../../node_modules/hls.js/dist/hls.min.js'),
};

/** A page with one player, on the same origin as what it plays. */
export class PlayerPage {
  readonly page: Page;
  readonly name: PlayerName;

  private constructor(page: Page, name: PlayerName) {
    this.page = page;
    this.name = name;
  }

  /**
   * Opens a manifest in a new page and starts to play.
   * @param mpdUrl absolute address of the manifest
   */
  static async open(
    context: BrowserContext,
    name: PlayerName,
    mpdUrl: string,
  ): Promise<PlayerPage> {
    const page = await context.newPage();
    const folder = new URL(`/player-under-test/${name}/`, mpdUrl).href;
    const files: Record<string, string> = {
      'page.html': join(import.meta.dirname, 'player-page.html'),
      'player-page.js': join(import.meta.dirname, 'player-page.js'),
      'library.js': LIBRARIES[name],
    };
    await page.route(`${folder}*`, (route) => {
      const path = files[route.request().url().slice(folder.length)];
      return path === undefined ? route.abort() : route.fulfill({ path });
    });
    await page.goto(`${folder}page.html`);
    await page.evaluate(`player.open(${JSON.stringify(name)}, ${JSON.stringify(mpdUrl)})`);
    return new PlayerPage(page, name);
  }

  /** What the player shows now. */
  status(): Promise<PlayerStatus> {
    return this.page.evaluate('player.status()');
  }

  /**
   * Waits until the player shows what is asked for.
   * @param what said in the error
   * @param timeoutMs bound that only a player that is stuck reaches
   * @throws Error with the last status, when it does not come, or the player reports an error
   */
  async until(
    what: string,
    condition: (status: PlayerStatus) => boolean,
    timeoutMs = 40_000,
  ): Promise<PlayerStatus> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status();
      if (condition(status)) return status;
      if (status.errors.length > 0 || performance.now() > deadline) {
        throw new Error(`${this.name} never came to ${what}: ${JSON.stringify(status)}`);
      }
      await delay(100);
    }
  }

  /** Waits until the player has gone on by some seconds of media from where it is. */
  async untilAdvancedBy(seconds: number): Promise<PlayerStatus> {
    const { time } = await this.until('a picture', (s) => s.readyState >= 3 && !s.isSeeking);
    return this.until(`${seconds} s beyond ${time}`, (s) => s.time >= time + seconds);
  }

  /** Seeks, and waits until it plays on from there. */
  async seek(seconds: number): Promise<PlayerStatus> {
    await this.page.evaluate(`player.seek(${seconds})`);
    return this.until(`playing on at ${seconds}`, (status) => {
      const since = status.time - seconds;
      return !status.isSeeking && status.readyState >= 2 && since > 0.8 && since < 10;
    });
  }

  /** Closes the page. */
  close(): Promise<void> {
    return this.page.close();
  }
}
