import { Counter, Gauge, type Registry } from 'prom-client';
import type { WebhookState, Webhooks } from '../webhooks/webhooks.ts';

const PREFIX = 'live777_recorder_webhook_';

/** Counters of a webhook: name without prefix, help, figure. */
const COUNTERS: [string, string, keyof WebhookState][] = [
  ['events_delivered_total', 'Events that the receiver accepted.', 'delivered'],
  ['failures_total', 'Attempts that failed.', 'failures'],
  ['events_dropped_total', 'Events that were given up, or too many.', 'dropped'],
];

/** Adds the figures of webhooks to a registry. The label has no secrets: see `nameOf`. */
export function addWebhookMetrics(webhooks: Pick<Webhooks, 'state'>, registry: Registry): void {
  const labelNames = ['webhook'] as const;
  const registers = [registry];
  new Gauge({
    name: `${PREFIX}events_waiting`,
    help: 'Events that the receiver has not accepted yet.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { webhook, waiting } of webhooks.state()) this.set({ webhook }, waiting);
    },
  });
  for (const [name, help, key] of COUNTERS) {
    new Counter({
      name: `${PREFIX}${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const state of webhooks.state()) {
          this.inc({ webhook: state.webhook }, state[key] as number);
        }
      },
    });
  }
}
