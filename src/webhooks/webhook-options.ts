import { createHash } from 'node:crypto';

/** A table `[[recorder.webhooks]]`. */
export interface WebhookConfig {
  /** Where events are posted; its query may contain a secret. */
  url: string;
  /** Patterns of the types of events, see `eventMatcher`. */
  events: string[];
  /** `whsec_` and the base64 of 24 to 64 random bytes. */
  secret: string;
}

/** Identifies a webhook by its URL, which may contain a secret in path and query. 16 hexadecimal digits. */
export function idOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16);
}

/** A webhook in log and metrics: `https://hooks.example.com#1c2d3e4f`, without the secrets of its URL. */
export function nameOf({ url }: Pick<WebhookConfig, 'url'>): string {
  return `${new URL(url).origin}#${idOf(url).slice(0, 8)}`;
}
