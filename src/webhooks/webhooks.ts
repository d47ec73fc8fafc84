import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../clock/clock.ts';
import type { RecorderEvent } from '../events/event.ts';
import { Webhook, type WebhookOptions, type WebhookState } from './webhook.ts';
import { idOf, type WebhookConfig } from './webhook-options.ts';
import { WebhookQueue } from './webhook-queue.ts';

export type { WebhookState } from './webhook.ts';

/** Options of {@link Webhooks}. */
export interface WebhooksOptions extends Pick<WebhookOptions, 'node' | 'log' | 'random'> {
  webhooks: readonly WebhookConfig[];
  /** Folder of the queues; see {@link webhookFolder}. */
  folder: string;
  clock?: Clock;
  mostWaiting?: number;
}

/** Folder of the queues that belongs to a segment journal. */
export function webhookFolder(indexPath: string): string {
  return join(dirname(indexPath), 'webhooks');
}

/** The configured webhooks: each has a queue of its own, so that none waits for another. */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #clock: Clock;
  /** By URL. */
  readonly #webhooks = new Map<string, Webhook>();
  #applying: Promise<void> = Promise.resolve();

  private constructor(options: WebhooksOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Opens the queues and begins to deliver what is in them. @throws the file system's error */
  static async open(options: WebhooksOptions): Promise<Webhooks> {
    const webhooks = new Webhooks(options);
    await webhooks.apply(options.webhooks);
    return webhooks;
  }

  /**
   * Changes the webhooks. One that stays, by its URL, keeps its queue; that of one that leaves is
   * removed with what waits in it.
   * @throws the file system's error; then the others have been changed
   */
  apply(configs: readonly WebhookConfig[]): Promise<void> {
    const applied = this.#applying.then(() => this.#apply(configs));
    this.#applying = applied.catch(() => {});
    return applied;
  }

  /** Takes an event; never throws. */
  readonly take = (event: RecorderEvent): void => {
    for (const webhook of this.#webhooks.values()) webhook.take(event);
  };

  /** Resolves when all events so far are in the queues, or could not be written; never rejects. */
  async written(): Promise<void> {
    await Promise.all([...this.#webhooks.values()].map((webhook) => webhook.written()));
  }

  /** Figures of each. */
  state(): WebhookState[] {
    return [...this.#webhooks.values()].map(({ state }) => state);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#applying;
    await Promise.all([...this.#webhooks.values()].map((webhook) => webhook.close()));
  }

  async #apply(configs: readonly WebhookConfig[]): Promise<void> {
    const { folder, log, mostWaiting } = this.#options;
    const wanted = new Map(configs.map((config) => [config.url, config]));
    for (const [url, webhook] of this.#webhooks) {
      if (wanted.has(url)) continue;
      this.#webhooks.delete(url);
      await webhook.close();
    }
    for (const [url, config] of wanted) {
      const known = this.#webhooks.get(url);
      if (known !== undefined) known.apply(config);
      else {
        const path = join(folder, fileName(url));
        const queue = await WebhookQueue.open({ path, log, ...(mostWaiting && { mostWaiting }) });
        const { node, random } = this.#options;
        const options = { config, queue, node, clock: this.#clock, log };
        this.#webhooks.set(url, new Webhook({ ...options, ...(random && { random }) }));
      }
    }
    await this.#removeStray(new Set([...wanted.keys()].map(fileName)));
  }

  /** Removes the queues of webhooks that are no longer configured. */
  async #removeStray(known: ReadonlySet<string>): Promise<void> {
    const { folder, log } = this.#options;
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!/^[0-9a-f]{16}\.jsonl$/.test(name) || known.has(name)) continue;
      log.info({ file: name }, 'removed the queue of a webhook that is no longer configured');
      await rm(join(folder, name), { force: true });
    }
  }
}

/** Name of the file of a queue. */
function fileName(url: string): string {
  return `${idOf(url)}.jsonl`;
}
