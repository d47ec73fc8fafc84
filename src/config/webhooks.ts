import { isWebhookSecret } from '../webhooks/webhook-signature.ts';
import type { ConfigProblem } from './config-error.ts';
import { keyName, lineOf } from './explain.ts';
import { pointerTo } from './key-lines.ts';

/**
 * Problems in `[[recorder.webhooks]]` that the schema cannot express.
 * @param tables the value in the file, of any type
 * @param lines lines of all keys, from `keyLines`
 */
export function webhookProblems(
  tables: unknown,
  lines: ReadonlyMap<string, number>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const urls = new Map<string, number>();
  (Array.isArray(tables) ? tables : []).forEach((table, index) => {
    if (typeof table !== 'object' || table === null) return;
    const report = (key: string, message: string) => {
      const at = pointerTo(pointerTo('/recorder/webhooks', index), key);
      problems.push({ line: lineOf(at, lines), message: `${keyName(at)}: ${message}` });
    };
    const { url, secret } = table as Record<string, unknown>;
    if (typeof secret === 'string' && !isWebhookSecret(secret)) {
      report(
        'secret',
        'expected "whsec_" and the base64 of 24 to 64 random bytes; write the output of `echo whsec_$(openssl rand -base64 32)`',
      );
    }
    if (typeof url !== 'string') return;
    const same = urls.get(url);
    if (same === undefined) urls.set(url, index);
    else report('url', `the same as recorder.webhooks[${same}].url; remove one of them`);
  });
  return problems;
}
