/** A key that people write, in which tables, and what to tell them. */
interface MissingKey {
  table: RegExp;
  key: RegExp;
  advice: string;
}

const STORED = /^\/recorder(?:\/storage)?$/;

/**
 * Keys of other programs and of common sense that this one does not have, where the known key that
 * looks most like them means something else.
 */
const MISSING: MissingKey[] = [
  {
    table: STORED,
    key: /^(?!index_)(?:.*_)?(?:retention|retain|keep|delete|expire|expiry|max_age|ttl|cleanup)(?:_|$)/,
    advice:
      'recordings are never deleted: there is no retention of media yet. index_retention_days only takes rows out of the index, and the files stay',
  },
  {
    table: STORED,
    key: /(?:^|_)(?:quota|max_(?:size|bytes|disk|storage|usage|total\w*)|(?:disk|size)_limit)(?:_|$)/,
    advice:
      'there is no bound on what recordings take. spool_max bounds what waits for upload to a bucket, nothing else',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:root|path|dir|directory|folder|output\w*|base_dir|storage_(?:path|root|dir))$/,
    advice: 'the folder of recordings is root in [recorder.storage]',
  },
  {
    table: /^\/recorder$/,
    key: /^segment_(?:duration|length|time|ms|minutes)\w*$/,
    advice: 'write segment_seconds = 10',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:exclude|ignore|skip|deny)(?:_\w+)?$/,
    advice: 'no stream can be excepted; name those to record in auto_streams',
  },
  {
    table: /^\/recorder$/,
    key: /^(?:streams|record|record_streams|record_all|auto_record|include|patterns)$/,
    advice: 'the streams that are recorded by themselves are auto_streams = ["*"]',
  },
  {
    table: /^\/http$/,
    key: /^(?:host|hostname|port|address|addr|bind|ip)$/,
    advice: 'address and port stand together: write listen = "127.0.0.1:7778"',
  },
  {
    table: /^\/http$/,
    key: /^(?:prefix|base_path|base_url|root_path|path|public_url|external_url)$/,
    advice: 'a path prefix need not be told: let the proxy take it away',
  },
  {
    table: /^\/http$/,
    key: /^(?:tls|ssl|https|cert|key|certificate|\w+_(?:cert|key|file))$/,
    advice: 'there is no TLS here; put a reverse proxy before it',
  },
  {
    table: /^\/http$/,
    key: /origins?(?:_|$)/,
    advice: 'there is no list of origins; cors = true allows pages of all of them',
  },
  {
    table: /^\/auth$/,
    key: /^(?:accounts?|users?|username|password|admin\w*)$/,
    advice: 'there are no accounts; write tokens = ["a long random text"]',
  },
];

/**
 * What to tell about an unknown key that has a meaning of its own; undefined where it may be a slip.
 * @param table JSON pointer of its table, elements of arrays left in
 */
export function adviceAbout(table: string, key: string): string | undefined {
  const name = key.toLowerCase().replaceAll('-', '_');
  return MISSING.find((each) => each.table.test(table) && each.key.test(name))?.advice;
}
