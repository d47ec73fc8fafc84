import type { BrowserContext, Page } from 'playwright-core';

/** Longest wait for something that the console shows after one exchange with the recorder, ms. */
const REPLY_TIMEOUT_MS = 30_000;

/** What the console is to publish. */
export interface PublishOptions {
  stream: string;
  /** Picture size as the form offers it; `1280x720` by default. */
  size?: '640x360' | '1280x720' | '1920x1080';
  /** Codec of the picture as the recorder calls it; what the console proposes by default. */
  codec?: string;
  /** Whether the console also asks for a recording; it does by default. */
  record?: boolean;
}

/** The recorder's console in a tab of its own, used as a person uses it. */
export class ConsolePage {
  readonly page: Page;
  /** Scripts that failed and what the page's policy blocked. */
  readonly faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(REPLY_TIMEOUT_MS);
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.faults.push(message.text());
    });
  }

  /** Opens the console. @param url base address of the recorder */
  static async open(context: BrowserContext, url: string): Promise<ConsolePage> {
    const opened = new ConsolePage(await context.newPage());
    await opened.page.goto(`${url}/`);
    return opened;
  }

  /**
   * Publishes the test picture and waits until the connection stands.
   * @throws Error with what the page says, where it does not come to stand
   */
  async publish({
    stream,
    size = '1280x720',
    codec,
    record = true,
  }: PublishOptions): Promise<void> {
    const { page } = this;
    await page.fill('#publish-form [name=stream]', stream);
    await page.selectOption('#publish-form [name=size]', size);
    if (codec !== undefined) await page.selectOption('#publish-form [name=codec]', codec);
    await page.setChecked('#publish-form [name=record]', record);
    await page.click('#publish-start');
    const form = page.locator('#publish-form:is([data-state="connected"], [data-state="failed"])');
    if ((await form.getAttribute('data-state')) === 'connected') return;
    throw new Error(`${stream} is not published: ${await page.textContent('#publish-message')}`);
  }

  /** Stops drawing pictures, so that the count of those under way comes to rest. */
  async freezePicture(): Promise<void> {
    const timer = this.page.workers().find((worker) => /\/frame-timer-[^/]*$/.test(worker.url()));
    if (timer === undefined) throw new Error('no test picture is being published');
    // As the console sets the rate: the worker's variables are out of reach in its module.
    await timer.evaluate('void dispatchEvent(new MessageEvent("message", { data: 0.001 }))');
  }

  /** Frames that Chromium has sent of the picture so far, as the console last saw it. */
  async framesSent(): Promise<number> {
    return Number(await this.page.getAttribute('#publish-preview', 'data-frames-sent'));
  }

  /** Send rate of picture and sound, bits a second, as the console last saw it. */
  async sendRate(): Promise<number> {
    return Number(await this.page.getAttribute('#publish-preview', 'data-bits-per-second'));
  }

  /** Ends the publication and waits until the recorder has agreed. */
  async stopPublishing(): Promise<void> {
    await Promise.all([
      // The page says that nothing is published before the recorder has let go of it.
      this.page.waitForResponse(
        (response) =>
          response.request().method() === 'DELETE' && response.url().includes('/session/'),
      ),
      this.page.click('#publish-stop'),
    ]);
    await this.page.waitForSelector('#publish-form[data-state="idle"]');
  }

  /** Waits until the list shows a stream in a state. */
  async untilState(stream: string, state: string): Promise<void> {
    await this.page.waitForSelector(`[data-stream="${stream}"][data-state="${state}"]`);
  }

  /** Waits until the list shows that something of a stream is stored. */
  async untilStored(stream: string): Promise<void> {
    await this.page.waitForSelector(`[data-stream="${stream}"] .recording`);
  }

  /** Presses the button that starts or stops the recording of a stream. */
  async toggle(stream: string, action: 'start' | 'stop'): Promise<void> {
    await this.page.click(`[data-stream="${stream}"] .stream-toggle[data-action="${action}"]`);
  }

  /** Plays the newest day of a stream, and waits until its picture moves. */
  async play(stream: string): Promise<void> {
    await this.page.click(`[data-stream="${stream}"] .recording-play`);
    await this.page.waitForSelector('.tile[data-tile-state="media"]');
    await this.page.evaluate(`new Promise((resolve) => {
      document.querySelector('.tile video').requestVideoFrameCallback(resolve);
    }).then(() => undefined)`);
  }

  /** The moment that the player's clock shows, ms since the Unix epoch. */
  async clockMs(): Promise<number> {
    return Date.parse((await this.page.getAttribute('#playback-clock', 'datetime'))!);
  }
}
