import { isWebhookSecret } from '../webhooks/webhook-signature.ts';
import type { ConfigProblem } from './config-error.ts';
import { distinctTableProblems } from './distinct-tables.ts';

/**
 * Problems in `[[recorder.webhooks]]` that the schema cannot express.
 * @param tables the value in the file, of any type
 * @param lines lines of all keys, from `keyLines`
 */
export function webhookProblems(
  tables: unknown,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  return distinctTableProblems('webhooks', tables, lines, ({ secret }, report) => {
    if (typeof secret !== 'string' || isWebhookSecret(secret)) return;
    report(
      'secret',
      'expected "whsec_" and the base64 of 24 to 64 random bytes; write the output of `echo whsec_$(openssl rand -base64 32)`',
    );
  });
}
