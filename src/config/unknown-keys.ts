/** A key that people expect, its tables, and advice. */
interface MissingKey {
  table: RegExp;
  key: RegExp;
  advice: string;
}

const STORED = /^\/recorder(?:\/storage)?$/;

/** Keys that this program does not have and whose most similar known key means something else. */
const MISSING: MissingKey[] = [
  {
    table: STORED,
    key: /^(?!index_)(?:.*_)?(?:retention|retain|keep|delete|expire|expiry|max_age|ttl|cleanup)(?:_|$)/,
    advice:
      '[recorder.retention] deletes recordings: max_age, max_size and min_free there. index_retention_days only removes entries from the index, and the files stay',
  },
  {
    table: STORED,
    key: /(?:^|_)(?:quota|max_(?:size|bytes|disk|storage|usage|total\w*)|(?:disk|size)_limit)(?:_|$)/,
    advice:
      'max_size in [recorder.retention] limits the size of recordings. spool_max only limits the data that waits for upload to a bucket',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:root|path|dir|directory|folder|output\w*|base_dir|storage_(?:path|root|dir))$/,
    advice: 'the folder for recordings is root in [recorder.storage]',
  },
  {
    table: /^\/recorder$/,
    key: /^segment_(?:duration|length|time|ms|minutes)\w*$/,
    advice: 'write segment_seconds = 10',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:exclude|ignore|skip|deny)(?:_\w+)?$/,
    advice: 'streams cannot be excluded; list those to record in auto_streams',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:streams|record|record_streams|record_all|auto_record|include|patterns)$/,
    advice: 'the streams to record automatically are auto_streams = ["*"]',
  },
  {
    table: /^\/http$/,
    key: /^(?:host|hostname|port|address|addr|bind|ip)$/,
    advice: 'address and port are one value: write listen = "127.0.0.1:7778"',
  },
  {
    table: /^\/http$/,
    key: /^(?:prefix|base_path|base_url|root_path|path|public_url|external_url)$/,
    advice: 'a path prefix is not configured: let the proxy remove it',
  },
  {
    table: /^\/http$/,
    key: /^(?:tls|ssl|https|cert|key|certificate|\w+_(?:cert|key|file))$/,
    advice: 'TLS is not supported; use a reverse proxy',
  },
  {
    table: /^\/http$/,
    key: /origins?(?:_|$)/,
    advice: 'there is no list of origins; cors = true allows pages of all origins',
  },
  {
    table: /^\/auth$/,
    key: /^(?:accounts?|users?|username|password|admin\w*)$/,
    advice: 'there are no accounts; write tokens = ["a long random text"]',
  },
];

/**
 * Advice for an unknown key that is known here; undefined if it may be a typo.
 * @param table JSON pointer of its table, including array indices
 */
export function adviceAbout(table: string, key: string): string | undefined {
  const name = key.toLowerCase().replaceAll('-', '_');
  return MISSING.find((each) => each.table.test(table) && each.key.test(name))?.advice;
}
