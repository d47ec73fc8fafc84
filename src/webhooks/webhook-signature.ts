import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
/** Sizes that the Standard Webhooks specification permits for the key, bytes. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** Whether a text is a secret of the Standard Webhooks specification. */
export function isWebhookSecret(text: string): boolean {
  const base64 = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  const { length } = Buffer.from(base64, 'base64');
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && base64.length % 4 === 0;
  return isBase64 && length >= LEAST_BYTES && length <= MOST_BYTES;
}

/**
 * The headers that identify and sign a message (Standard Webhooks specification, "Webhook headers").
 * @param id of the event, without full stops
 * @param seconds when this attempt is made, s since the Unix epoch
 */
export function webhookHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Record<string, string> {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}
