import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import t from 'tap';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig, parseConfig } from '../../src/config/load-config.ts';
import { deletesAnything, ruleFinder } from '../../src/retention/retention-rules.ts';

/** Lines of the error that a text is refused with. */
function refusal(lines: string[]): string[] {
  try {
    parseConfig(lines.join('\n'), 'live777.toml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

t.test('defaults', async (t) => {
  const config = parseConfig('', 'live777.toml');
  t.match(config, {
    http: {
      host: '127.0.0.1',
      port: 7778,
      cors: false,
      hosts: [],
      trustProxy: [],
      requestTimeoutSeconds: 30,
    },
    log: { level: 'info' },
    auth: { tokens: [] },
    iceServers: [],
    webrtc: { iceUdpAddrs: ['auto'] },
    recorder: {
      autoStreams: [],
      maxArmedStreams: 1000,
      maxRecordingSeconds: 86400,
      segmentSeconds: 10,
      storage: { type: 'fs', root: resolve('records') },
      indexPath: resolve('records/.index/segments.jsonl'),
      indexRetentionDays: 30,
      sources: [],
      resumeGraceSeconds: 30,
      onLoss: 'freeze',
      codecs: ['h264', 'h265', 'av1', 'vp9', 'vp8', 'opus'],
    },
    ignoredTables: [],
    notices: [],
  });
  t.notOk('shard' in config.recorder);
  t.notOk('secret' in config.auth);
  t.notOk('icePortRange' in config.webrtc);
  t.ok(config.recorder.workers >= 1);
  t.not(config.recorder.nodeAlias, '');
});

t.test('every key of ours', async (t) => {
  const config = parseConfig(
    `
    [http]
    listen = "[::1]:80"
    cors = true
    hosts = ["recorder.example.org", "recorder"]
    trust_proxy = ["127.0.0.1"]
    request_timeout_seconds = 5
    [log]
    level = "off"
    [auth]
    secret = "s"
    tokens = ["a", "b"]
    [[ice_servers]]
    urls = ["stun:a", "turn:b?transport=udp"]
    username = "u"
    credential = "c"
    [[ice_servers]]
    urls = ["stun:c"]
    username = ""
    credential = ""
    [webrtc]
    ice_udp_addrs = ["auto", "192.0.2.1", "192.0.2.1:0", "[2001:db8::1]:5000", "2001:db8::1"]
    ice_port_range = [50000, 50010]
    [recorder]
    auto_streams = ["cam*", "site[12]/?"]
    max_armed_streams = 0
    node_alias = "node"
    max_recording_seconds = 0
    index_path = "x/journal"
    index_retention_days = 0
    workers = 3
    segment_seconds = 60
    resume_grace_seconds = 0
    on_loss = "keep"
    codecs = ["opus", "h264"]
    shard = { index = 2, count = 3 }
    disk_warnings = ["20GB", "2.5%"]
    [recorder.storage]
    type = "fs"
    root = "./r"
    [recorder.retention]
    max_age = "2w"
    max_size = "1TB"
    min_free = "5GB"
    grace_seconds = 5
    [[recorder.retention.streams]]
    match = "cam*"
    max_age = "1d"
    max_size = "1GB"
    [[recorder.sources]]
    url = "http://127.0.0.1:7777/"
    token = "t"
    [[recorder.sources]]
    url = "https://example.org/live"
    [[recorder.sources]]
    whep = "https://example.org/cam1/whep?key=k"
    stream = "cam 1"
    token = "w"
    [[recorder.webhooks]]
    url = "https://example.org/hook?key=k"
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    [[recorder.webhooks]]
    url = "http://127.0.0.1:9/hook"
    events = ["recording.*", "disk.low"]
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    [playback]
    signed_redirect = true
    signed_ttl_seconds = 5
    `,
    'live777.toml',
  );
  t.strictSame(config, {
    http: {
      host: '::1',
      port: 80,
      cors: true,
      hosts: ['recorder.example.org', 'recorder'],
      trustProxy: ['127.0.0.1'],
      requestTimeoutSeconds: 5,
    },
    log: { level: 'silent' },
    auth: { secret: 's', tokens: ['a', 'b'] },
    iceServers: [
      { urls: ['stun:a', 'turn:b?transport=udp'], username: 'u', credential: 'c' },
      { urls: ['stun:c'] },
    ],
    webrtc: {
      iceUdpAddrs: ['auto', '192.0.2.1', '192.0.2.1:0', '[2001:db8::1]:5000', '2001:db8::1'],
      icePortRange: [50000, 50010],
    },
    recorder: {
      autoStreams: ['cam*', 'site[12]/?'],
      maxArmedStreams: 0,
      nodeAlias: 'node',
      maxRecordingSeconds: 0,
      segmentSeconds: 60,
      indexPath: resolve('x/journal'),
      indexRetentionDays: 0,
      workers: 3,
      diskWarnings: [{ bytes: 20e9 }, { share: 0.025 }],
      storage: { type: 'fs', root: resolve('r') },
      sources: [
        { url: 'http://127.0.0.1:7777', token: 't' },
        { url: 'https://example.org/live' },
        { whep: 'https://example.org/cam1/whep?key=k', stream: 'cam 1', token: 'w' },
      ],
      webhooks: [
        {
          url: 'https://example.org/hook?key=k',
          events: ['*'],
          secret: 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz',
        },
        {
          url: 'http://127.0.0.1:9/hook',
          events: ['recording.*', 'disk.low'],
          secret: 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz',
        },
      ],
      resumeGraceSeconds: 0,
      onLoss: 'keep',
      codecs: ['opus', 'h264'],
      retention: {
        maxAgeUs: 14 * 86_400e6,
        maxBytes: 1e12,
        minFree: { bytes: 5e9 },
        streams: [{ match: 'cam*', maxAgeUs: 86_400e6, maxBytes: 1e9 }],
        graceSeconds: 5,
      },
      shard: { index: 2, count: 3 },
      offline: false,
    },
    playback: { signedRedirect: true, signedTtlSeconds: 5 },
    ignoredTables: [],
    notices: [],
  });
});

t.test('buckets and the spool before them', async (t) => {
  const s3 = parseConfig(
    `[recorder.storage]
    type = "s3"
    bucket = "b"
    root = "/a/b/"
    region = "us-east-1"
    endpoint = "http://127.0.0.1:9000"
    access_key_id = "i"
    secret_access_key = "k"
    session_token = "t"
    disable_config_load = true
    enable_virtual_host_style = true
    spool_dir = "s"
    spool_max = "1.5 GB"
    spool_full = "drop_oldest"
    spool_drop_streams = ["test-*"]`,
    'live777.toml',
  );
  t.strictSame(s3.recorder.storage, {
    type: 's3',
    bucket: 'b',
    root: 'a/b',
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:9000',
    accessKeyId: 'i',
    secretAccessKey: 'k',
    sessionToken: 't',
    disableConfigLoad: true,
    enableVirtualHostStyle: true,
    spool: {
      folder: resolve('s'),
      limit: { bytes: 1.5e9 },
      full: { dropStreams: ['test-*'] },
    },
  });
  t.equal(s3.recorder.indexPath, resolve('s/.index/segments.jsonl'));
  const oss = parseConfig(
    `[recorder.storage]
    type = "oss"
    bucket = "b"
    region = "oss-cn-hangzhou"
    access_key_id = "i"
    access_key_secret = "k"
    security_token = "t"`,
    'live777.toml',
  );
  t.strictSame(oss.recorder.storage, {
    type: 'oss',
    bucket: 'b',
    root: '',
    region: 'oss-cn-hangzhou',
    accessKeyId: 'i',
    accessKeySecret: 'k',
    securityToken: 't',
    spool: { folder: resolve('spool'), limit: { share: 0.8 }, full: 'stop' },
  });
});

t.test('limits of the spool that mean nothing', async (t) => {
  const bucket = ['[recorder.storage]', 'type = "s3"', 'bucket = "b"'];
  t.strictSame(refusal([...bucket, 'spool_max = "much"']), [
    'live777.toml:4: recorder.storage.spool_max: expected a size such as "20GB", or a share of the disk such as "80%", got the text "much"; write spool_max = "80%"',
  ]);
  for (const nothing of ['0GB', '0%', '120%']) {
    t.strictSame(refusal([...bucket, `spool_max = "${nothing}"`]), [
      `live777.toml:4: recorder.storage.spool_max: "${nothing}" is zero, or more than the disk; write spool_max = "80%"`,
    ]);
  }
  t.strictSame(refusal([...bucket, 'spool_full = "drop_oldest"']), [
    'live777.toml:4: recorder.storage.spool_full: needs the streams whose recordings may be deleted; write spool_drop_streams = ["test-*"]',
  ]);
  t.strictSame(refusal([...bucket, 'spool_drop_streams = ["a"]']), [
    'live777.toml:4: recorder.storage.spool_drop_streams: has no effect without spool_full = "drop_oldest"; add that, or remove this key',
  ]);
});

t.test('what is deleted', async (t) => {
  const { retention } = parseConfig('', 'a.toml').recorder;
  t.same(retention, { streams: [], graceSeconds: 60 });
  t.notOk(deletesAnything(retention));
  const rules = parseConfig(
    `[recorder.retention]
max_age = "30d"
max_size = "2 TB"
min_free = "10%"
grace_seconds = 30
[[recorder.retention.streams]]
match = "door*"
max_age = "none"
[[recorder.retention.streams]]
match = "cam*"
max_age = "1.5h"
max_size = "500GiB"`,
    'a.toml',
  ).recorder.retention;
  t.same(rules, {
    maxAgeUs: 30 * 86_400e6,
    maxBytes: 2e12,
    minFree: { share: 0.1 },
    streams: [
      { match: 'door*', maxAgeUs: Number.POSITIVE_INFINITY },
      { match: 'cam*', maxAgeUs: 5400e6, maxBytes: 500 * 2 ** 30 },
    ],
    graceSeconds: 30,
  });
  t.ok(deletesAnything(rules));
  const ruleOf = ruleFinder(rules);
  t.equal(ruleOf('door1'), rules.streams[0]);
  t.equal(ruleOf('gate'), undefined);
  const never = '[recorder.retention]\nmax_age = "none"';
  t.notOk(deletesAnything(parseConfig(never, 'a.toml').recorder.retention));
});

for (const [text, message] of [
  ['max_age = 30', /a.toml:2: recorder.retention.max_age: expected an age such as "30d"/],
  ['max_age = "30 days"', /a.toml:2: recorder.retention.max_age: expected an age/],
  ['max_age = "59s"', /a.toml:2: recorder.retention.max_age: "59s" is less than a minute/],
  ['max_size = "0GB"', /a.toml:2: recorder.retention.max_size: "0GB" must be/],
  ['max_size = "50%"', /a.toml:2: recorder.retention.max_size: "50%" must be/],
  ['min_free = "100%"', /a.toml:2: recorder.retention.min_free: "100%" is nothing/],
  ['min_free = "0%"', /a.toml:2: recorder.retention.min_free: "0%" is nothing/],
  ['max_days = 3', /a.toml:2: recorder.retention.max_days: unknown key/],
  ['[[recorder.retention.streams]]\nmatch = "cam*"', /a.toml:2: .*streams\[0\]: has no limit/],
  [
    '[[recorder.retention.streams]]\nmatch = "cam["\nmax_age = "1d"',
    /a.toml:3: recorder.retention.streams\[0\].match: "cam\["/,
  ],
  [
    'min_free = "10%"\n[recorder.storage]\ntype = "s3"\nbucket = "b"',
    /a.toml:2: recorder.retention.min_free: a bucket has no free space/,
  ],
] as const) {
  t.test(`a rule that is none: ${text}`, async (t) => {
    t.throws(() => parseConfig(`[recorder.retention]\n${text}`, 'a.toml'), { message });
  });
}

t.test('codecs that are not known, doubled or missing', async (t) => {
  const lines = (codecs: string) => refusal(['[recorder]', `codecs = ${codecs}`]);
  const key = 'live777.toml:2: recorder.codecs';
  t.strictSame(lines('["h264", "h263", "opus"]'), [
    `${key}[1]: expected one of "h264", "h265", "av1", "vp9", "vp8", "multiopus", "opus", "pcmu", "pcma", got the text "h263"; write "h264"`,
  ]);
  t.strictSame(lines('["h264", "opus", "h264"]'), [`${key}[2]: "h264" is already in the list`]);
  const missing = (kind: string, name: string) =>
    `${key}: must contain a codec for ${kind}, otherwise ${kind} would not be recorded; add "${name}"`;
  t.strictSame(lines('["h264"]'), [missing('audio', 'opus')]);
  t.strictSame(lines('["opus"]'), [missing('video', 'h264')]);
  t.strictSame(lines('[]'), [missing('video', 'h264'), missing('audio', 'opus')]);
  t.strictSame(lines('"h264"'), [
    `${key}: expected a list of codecs out of "h264", "h265", "av1", "vp9", "vp8", "multiopus", "opus", "pcmu", "pcma", got the text "h264"; write codecs = ["h264", "h265", "av1", "vp9", "vp8", "multiopus", "opus", "pcmu", "pcma"]`,
  ]);
});

t.test('what Live777 alone reads is left out and named', async (t) => {
  const config = parseConfig(
    `
    [http]
    listen = "[::]:7777"
    [[ice_servers]]
    urls = ["stun:stun.example.org:19302"]
    [webrtc]
    ice_udp_addrs = ["auto"]
    ice_lite = true
    [stream]
    [stream.cam1]
    on_demand = true
    [[stream.cam1.sources]]
    url = "rtsp://user:word@host:554/path"
    [stream.cam1.strategy]
    auto_create_whip = false
    [recorder]
    auto_streams = ["*"]
    max_recording_seconds = 86400
    [recorder.upload]
    enabled = false
    queue_path = "./recordings/upload_queue.jsonl"
    [recorder.storage]
    type = "fs"
    root = "./storage"
    [auth]
    secret = ""
    tokens = ["live777"]
    [log]
    level = "warn"
    [sdp]
    video_codecs = ["H264"]
    [strategy]
    each_stream_max_sub = 1
    [hooks]
    timeout_ms = 5000
    [net4mqtt]
    alias = "liveion-0"
    [rtsp]
    listen = "0.0.0.0:8554"
    [cascade]
    anything = 1
    `,
    'live777.toml',
  );
  t.strictSame([...config.ignoredTables].sort(), [
    'cascade',
    'hooks',
    'net4mqtt',
    'recorder.upload',
    'rtsp',
    'sdp',
    'strategy',
    'stream',
    'webrtc.ice_lite',
  ]);
  t.strictSame(config.auth, { tokens: ['live777'] });
});

t.test('the index of Live777 itself is never written into', async (t) => {
  const config = parseConfig('[recorder]\nindex_path = "./storage/index.json"', 'live777.toml');
  t.equal(config.recorder.indexPath, resolve('storage/index.segments.jsonl'));
  t.strictSame(config.notices, [
    `recorder.index_path "./storage/index.json" is the index of Live777: that of the recorder is stored beside it, in ${resolve('storage/index.segments.jsonl')}`,
  ]);
});

t.test('unknown keys, with the one that was meant', async (t) => {
  t.strictSame(refusal(['[recorder]', '', '# next', 'auto_stream = ["*"]']), [
    'live777.toml:4: recorder.auto_stream: unknown key, did you mean "auto_streams"?',
  ]);
  t.strictSame(refusal(['[recorder.storage]', 'type = "fs"', 'rooot = "x"']), [
    'live777.toml:3: recorder.storage.rooot: unknown key, did you mean "root"?',
  ]);
  t.strictSame(refusal(['[recorder.storage]', 'type = "fs"', 'bucket = "x"']), [
    'live777.toml:3: recorder.storage.bucket: unknown key, known here: type, root',
  ]);
  t.strictSame(refusal(['[[recorder.sources]]', 'url = "http://a"', '"to ken" = ""']), [
    'live777.toml:3: recorder.sources[0]."to ken": unknown key, did you mean "token"?',
  ]);
  t.strictSame(refusal(['[recoder]', 'auto_streams = ["*"]']), [
    'live777.toml:1: recoder: unknown key, did you mean "recorder"?',
  ]);
  t.strictSame(refusal(['listen = "127.0.0.1:1"']), [
    'live777.toml:1: listen: unknown key, known here: http, log, auth, ice_servers, webrtc, recorder, playback',
  ]);
  t.strictSame(refusal(['__proto__ = 1', 'constructor = 2']), [
    'live777.toml:1: __proto__: unknown key, known here: http, log, auth, ice_servers, webrtc, recorder, playback',
    'live777.toml:2: constructor: unknown key, known here: http, log, auth, ice_servers, webrtc, recorder, playback',
  ]);
});

t.test(
  'keys that people expect, of which the nearest known one means something else',
  async (t) => {
    const words: [table: string, keys: string[], told: RegExp][] = [
      [
        'recorder',
        [
          'retention_days',
          'media_retention_days',
          'keep_days',
          'delete_after_days',
          'max_age_days',
        ],
        /\[recorder\.retention\] deletes recordings: .*index_retention_days only removes entries from the index/,
      ],
      [
        'recorder.storage',
        ['retention_days', 'max_age', 'ttl'],
        /\[recorder\.retention\] deletes recordings/,
      ],
      [
        'recorder.storage',
        ['max_size', 'quota', 'max_bytes'],
        /max_size in \[recorder\.retention\] limits the size of recordings.*spool_max/,
      ],
      ['recorder', ['root', 'output_dir', 'path'], /root in \[recorder\.storage\]/],
      ['recorder', ['segment_duration', 'segment_duration_ms'], /segment_seconds = 10/],
      ['recorder', ['streams', 'record_streams'], /auto_streams = /],
      ['recorder', ['exclude', 'ignore_streams'], /auto_streams/],
      ['http', ['host', 'port', 'bind'], /listen = "127\.0\.0\.1:7778"/],
      ['http', ['prefix', 'base-path'], /proxy/],
      ['http', ['tls', 'ssl_cert'], /reverse proxy/],
      ['http', ['allowed_origins', 'origins'], /cors = true/],
      ['auth', ['accounts', 'username'], /tokens = /],
    ];
    for (const [table, keys, told] of words) {
      for (const key of keys) {
        const lines = refusal([`[${table}]`, `${key} = 1`]);
        t.equal(lines.length, 1);
        t.match(lines[0], told, `${table}.${key}`);
        t.notMatch(lines[0], /did you mean/);
      }
    }
    for (const [key, near] of [
      ['index_retention_day', 'index_retention_days'],
      ['max_record_seconds', 'max_recording_seconds'],
      ['autostreams', 'auto_streams'],
      ['segment_second', 'segment_seconds'],
      ['worker', 'workers'],
    ]) {
      t.match(refusal(['[recorder]', `${key} = 1`])[0], `did you mean "${near}"?`);
    }
    for (const key of ['spool_size', 'max_segment_seconds', 'index_days', 'retries']) {
      t.match(refusal(['[recorder]', `${key} = 1`])[0], 'known here', key);
    }
  },
);

t.test('user and password of an address are never repeated', async (t) => {
  for (const lines of [
    ['[[recorder.sources]]', 'url = "http://admin:hunter2@node1:7777"'],
    ['[[recorder.sources]]', 'url = "HTTPS://admin:hun/ter2@x@node1"'],
    ['[[recorder.sources]]', 'url = " rtsp://:hunter2@node1"'],
    ['[[recorder.sources]]', 'url = "http://node1?token=hunter2"'],
    ['[[recorder.sources]]', 'whep = "http://hunter2@node1/whep"', 'stream = "a"'],
    ['[[recorder.sources]]', 'whep = "ftp://node1/whep?hunter2"', 'stream = "a"'],
    ['[[ice_servers]]', 'urls = ["turn:admin:hunter2@turn.example.org oops"]'],
    ['[http]', 'listen = "http://admin:hunter2@127.0.0.1:1"'],
    ['[http]', 'trust_proxy = ["http://admin:hunter2@10.0.0.1"]'],
    ['[http]', 'hosts = ["http://admin:hunter2@example.org"]'],
    ['[webrtc]', 'ice_udp_addrs = ["udp://admin:hunter2@10.0.0.1"]'],
    ['[recorder.storage]', 'type="s3"', 'bucket="b"', 'endpoint = "http://admin:hunter2@s3:9000"'],
    ['[recorder]', 'storage = "s3://admin:hunter2@bucket"'],
  ]) {
    const told = refusal(lines).join('\n');
    t.not(told, '', String(lines));
    t.notMatch(told, /hun\/?ter2|admin/, told);
  }
});

t.test('patterns that are none', async (t) => {
  t.match(refusal(['[recorder]', 'auto_streams = [', '"cam*",', '"cam[1"]']), [
    /^live777\.toml:4: recorder\.auto_streams\[1\]: "cam\[1": a "\[", "\{" or "\(" is not closed/,
  ]);
});

t.test('proxies that are trusted are addresses', async (t) => {
  const toml = '[http]\ntrust_proxy = ["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8"]';
  t.equal(parseConfig(toml, 'live777.toml').http.trustProxy.length, 4);
  for (const bad of ['proxy', '10.0.0.0/33', '::/129', '10.0.0', 'true']) {
    t.match(
      refusal(['[http]', `trust_proxy = [${JSON.stringify(bad)}]`])[0],
      /an IP address or a network/,
    );
  }
  t.match(refusal(['[http]', 'trust_proxy = true'])[0], /write trust_proxy = \["127\.0\.0\.1"\]/);
});

t.test('all that is wrong at once, in the order of the file', async (t) => {
  const lines = [
    '[webrtc]',
    'ice_udp_addrs = ["auto", "somewhere"]',
    'ice_port_range = [',
    '  50000, # first',
    '  70000,',
    ']',
    '[http]',
    'listen = 7778',
    'cors = "yes"',
    '[recorder]',
    'segment_seconds = 61',
    'workers = 1.5',
    'max_recording_seconds = -1',
    'auto_streams = "*"',
    'node_alias = ""',
    'nod_alias = "x"',
    'storage = "./recordings"',
    '[[recorder.sources]]',
    'url = "ftp://x"',
    '[[recorder.sources]]',
    'token = "x"',
    '[log]',
    'level = "loud"',
  ];
  t.strictSame(refusal(lines), [
    'live777.toml:2: webrtc.ice_udp_addrs[1]: expected "auto" or an IP address with or without a port, got the text "somewhere"; write "192.0.2.10:0"',
    'live777.toml:5: webrtc.ice_port_range[1]: expected a port from 1 to 65535, got the number 70000; write 50000',
    'live777.toml:8: http.listen: expected an address and a port, "HOST:PORT", got the number 7778; write listen = "127.0.0.1:7778"',
    'live777.toml:9: http.cors: expected true or false, got the text "yes"; write cors = true',
    'live777.toml:11: recorder.segment_seconds: expected a whole number of seconds from 1 to 60, got the number 61; write segment_seconds = 10',
    'live777.toml:12: recorder.workers: expected a whole number from 1 to 256, got the number 1.5; write workers = 2',
    'live777.toml:13: recorder.max_recording_seconds: expected a whole number of seconds from 0 (off) to 31536000, got the number -1; write max_recording_seconds = 86400',
    'live777.toml:14: recorder.auto_streams: expected a list of stream names or patterns, got the text "*"; write auto_streams = ["*"]',
    'live777.toml:15: recorder.node_alias: expected text in quotes, got an empty text; write node_alias = "live777-node-001"',
    'live777.toml:16: recorder.nod_alias: unknown key, did you mean "node_alias"?',
    'live777.toml:17: recorder.storage: expected a table [recorder.storage], got the text "./recordings"',
    'live777.toml:19: recorder.sources[0].url: expected the http:// or https:// address of a Live777 node or of Liveman, got the text "ftp://x"; write url = "http://127.0.0.1:7777"',
    'live777.toml:20: recorder.sources[1].url: missing; write url = "http://127.0.0.1:7777" for a node, or whep and stream for a single stream',
    'live777.toml:23: log.level: expected one of "off", "error", "warn", "info", "debug", "trace", got the text "loud"; write level = "info"',
  ]);
});

t.test('what each value alone does not show', async (t) => {
  t.strictSame(refusal(['[http]', 'listen = "localhost"']), [
    'live777.toml:2: http.listen: expected an address and a port, got the text "localhost"; write listen = "127.0.0.1:7778"',
  ]);
  t.strictSame(refusal(['[webrtc]', 'ice_port_range = [9, 3]']), [
    'live777.toml:2: webrtc.ice_port_range: the first port 9 is above the last 3; write ice_port_range = [3, 9]',
  ]);
  t.strictSame(refusal(['[webrtc]', 'ice_port_range = [9]']), [
    'live777.toml:2: webrtc.ice_port_range: expected the first and the last port, [min, max], got a list; write ice_port_range = [50000, 50999]',
  ]);
  t.strictSame(refusal(['[webrtc]', 'ice_udp_port = 65534', '[recorder]', 'workers = 3']), [
    'live777.toml:2: webrtc.ice_udp_port: each of the 3 workers has a port, and the last would have 65536; write a port up to 65533',
  ]);
  t.strictSame(refusal(['[webrtc]', 'ice_udp_port = 65533', '[recorder]', 'workers = 3']), []);
  t.strictSame(refusal(['[webrtc]', 'ice_udp_port = 0']), [
    'live777.toml:2: webrtc.ice_udp_port: expected a port from 1 to 65535, got the number 0; write ice_udp_port = 7778',
  ]);
  t.strictSame(
    refusal([
      '[webrtc]',
      'ice_udp_port = 7778',
      'ice_udp_addrs = ["auto", "192.0.2.1:0", "::1", "[2001:db8::1]:5000"]',
    ]),
    [
      'live777.toml:3: webrtc.ice_udp_addrs[3]: "[2001:db8::1]:5000" has a port, and ice_udp_port is another; leave one of them out',
    ],
  );
  t.strictSame(refusal(['[recorder.storage]', 'type = "gcs"']), [
    'live777.toml:2: recorder.storage.type: expected one of "fs", "s3", "oss", got the text "gcs"; write type = "fs"',
  ]);
  t.strictSame(refusal(['[recorder.storage]', 'type = "s3"']), [
    'live777.toml:1: recorder.storage.bucket: missing; write bucket = "my-recordings"',
  ]);
});

t.test('sources', async (t) => {
  const source = '[[recorder.sources]]';
  const at = (line: number, key: string) => `live777.toml:${line}: recorder.sources[0].${key}:`;
  t.strictSame(refusal([source, 'url = "http://a"', 'whep = "http://a/whep"']), [
    `${at(3, 'whep')} cannot be combined with url; write a separate table [[recorder.sources]] for each`,
  ]);
  t.strictSame(refusal([source, 'whep = "http://a/whep"']), [
    `${at(1, 'stream')} missing; write stream = "cam1", the name to record it under`,
  ]);
  t.strictSame(refusal([source, 'url = "http://a"', 'stream = "cam1"']), [
    `${at(3, 'stream')} only applies to whep; auto_streams selects the streams of a node`,
  ]);
  t.match(refusal([source, 'whep = "http://a/whep"', 'stream = "../x"']), [
    `${at(3, 'stream')} expected the name of a stream`,
  ]);
  t.match(refusal([source, 'whep = "http://a b/"', 'stream = "x"']), [
    `${at(2, 'whep')} expected the http:// or https:// address of a WHEP endpoint`,
  ]);
  for (const url of ['http://user@a', 'http://a/?x=1', 'http://a/#x', 'a:7777', 'http://']) {
    t.match(refusal([source, `url = "${url}"`]), [`${at(2, 'url')} expected the http:// or`], url);
  }
  t.strictSame(refusal([source, 'url = "http://a"', 'token = "a b"']), [
    `${at(3, 'token')} expected a token without spaces, got another text; write token = "live777"`,
  ]);
  t.strictSame(refusal([source, 'url = "http://a"', source, 'url = "http://a/"']), [
    'live777.toml:4: recorder.sources[1].url: the same as recorder.sources[0].url; remove one of them',
  ]);
});

t.test('shards', async (t) => {
  const shard = (text: string) => refusal(['[recorder]', `shard = ${text}`]);
  t.strictSame(shard('{ index = 2, count = 3 }'), []);
  t.strictSame(shard('{ index = 3, count = 3 }'), [
    'live777.toml:2: recorder.shard.index: 3 must be less than count = 3; recorders are numbered from 0 to 2',
  ]);
  t.strictSame(shard('{ index = 0 }'), [
    'live777.toml:2: recorder.shard.count: missing; write count = 3',
  ]);
  t.strictSame(shard('{ index = -1, count = 0 }'), [
    'live777.toml:2: recorder.shard.index: expected a whole number from 0 to count - 1, got the number -1; write index = 0',
    'live777.toml:2: recorder.shard.count: expected a whole number from 1 to 1000, got the number 0; write count = 3',
  ]);
  t.strictSame(shard('3'), [
    'live777.toml:2: recorder.shard: expected a table [recorder.shard], got the number 3',
  ]);
  t.strictSame(refusal(['[recorder]', 'resume_grace_seconds = 0.5']), [
    'live777.toml:2: recorder.resume_grace_seconds: expected a whole number of seconds from 0 to 3600, got the number 0.5; write resume_grace_seconds = 30',
  ]);
});

t.test('tables where something else is wanted, and the reverse', async (t) => {
  t.strictSame(refusal(['recorder = 3']), [
    'live777.toml:1: recorder: expected a table [recorder], got the number 3',
  ]);
  t.strictSame(refusal(['[ice_servers]', 'urls = []']), [
    'live777.toml:1: ice_servers: expected tables [[ice_servers]], got a table',
  ]);
  t.strictSame(refusal(['[http]', '[http.listen]']), [
    'live777.toml:2: http.listen: expected an address and a port, "HOST:PORT", got a table; write listen = "127.0.0.1:7778"',
  ]);
  t.strictSame(refusal(['[http]', 'cors = 1979-05-27']), [
    'live777.toml:2: http.cors: expected true or false, got a date; write cors = true',
  ]);
});

t.test('secrets are not repeated in errors', async (t) => {
  const errors = refusal([
    '[auth]',
    'secret = 123456',
    'tokens = ["", 987654]',
    '[recorder.storage]',
    'type = "s3"',
    'bucket = "b"',
    'secret_access_key = 555555',
  ]);
  t.strictSame(errors, [
    'live777.toml:2: auth.secret: expected text in quotes, got a number; write secret = "a long random text"',
    'live777.toml:3: auth.tokens[0]: expected a token that is not empty, got an empty text; write "a long random text"',
    'live777.toml:3: auth.tokens[1]: expected a token that is not empty, got a number; write "a long random text"',
    'live777.toml:7: recorder.storage.secret_access_key: expected text in quotes, got a number; write secret_access_key = "…"',
  ]);
});

t.test('syntax errors have their line', async (t) => {
  t.match(refusal(['[http]', 'listen = "x']), [/^live777\.toml:2: not valid TOML: /]);
  t.match(refusal(['a = 1', 'a = 2']), [/^live777\.toml:2: not valid TOML: /]);
});

t.test('files', async (t) => {
  await t.rejects(loadConfig('/nonexistent/x.toml'), {
    name: 'ConfigError',
    message: '/nonexistent/x.toml: no such file; specify one with --config FILE',
  });
  const dir = t.testdir({ 'a.toml': '[http]\nlisten = 1' });
  await t.rejects(loadConfig(join(dir, 'a.toml')), { message: /a\.toml:2: http\.listen: / });
  await t.rejects(loadConfig(dir), { message: /cannot be read \(EISDIR\)/ });
  await writeFile(join(dir, 'a.mp4'), Buffer.alloc(1024 * 1024 + 1));
  await t.rejects(loadConfig(join(dir, 'a.mp4')), { message: /too large for a live777\.toml/ });
});

t.test('the configuration that comes with the program', async (t) => {
  const file = join(import.meta.dirname, '../../config/live777.toml');
  const config = await loadConfig(file);
  t.match(config, {
    http: { host: '127.0.0.1', port: 7778 },
    recorder: { autoStreams: ['*'], storage: { type: 'fs', root: resolve('records') } },
    ignoredTables: [],
  });
});

t.test('webhooks that cannot work are named, without their secrets', async (t) => {
  const toml = `
[[recorder.webhooks]]
url = "https://user@example.org/hook"
secret = "whsec_dG9vIHNob3J0"
[[recorder.webhooks]]
url = "https://example.org/hook"
events = ["recording.begun"]
secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
[[recorder.webhooks]]
url = "https://example.org/hook"
`;
  const messages = refusal(toml.split('\n'));
  t.match(messages, [
    /^live777\.toml:3: recorder\.webhooks\[0\]\.url: expected an http/,
    /^live777\.toml:4: recorder\.webhooks\[0\]\.secret: expected "whsec_".*openssl/,
    /^live777\.toml:7: recorder\.webhooks\[1\]\.events\[0\]: expected one of "\*", "recording\.\*"/,
    /^live777\.toml:8: recorder\.webhooks\[1\]\.secret: expected "whsec_"/,
    /^live777\.toml:9: recorder\.webhooks\[2\]\.secret: missing/,
    /^live777\.toml:10: recorder\.webhooks\[2\]\.url: the same as recorder\.webhooks\[1\]\.url/,
  ]);
  t.notMatch(messages.join(), /dG9v|MDEy/);
});
