/** A table `[[recorder.webhooks]]`. */
export interface WebhookConfig {
  /** Where events are posted; its query may contain a secret. */
  url: string;
  /** Patterns of the types of events, see `eventMatcher`. */
  events: string[];
  /** `whsec_` and the base64 of 24 to 64 random bytes. */
  secret: string;
}

/** The address of a webhook in log and metrics: without its query, which may contain a secret. */
export function nameOf({ url }: Pick<WebhookConfig, 'url'>): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
