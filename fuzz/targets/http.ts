import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { EventLog } from '../../src/events/event-log.ts';
import { RecordCatalogue } from '../../src/record-catalogue/record-catalogue.ts';
import { SegmentIndex } from '../../src/segment-index/segment-index.ts';
import { openFolder } from '../../src/storage/object-store.ts';
import { RecorderStandIn } from '../../test/http/recorder-stand-in.ts';
import { segmentOf } from '../../test/http/test-app.ts';
import { openRetention } from '../../test/retention/open-retention.ts';
import { type FuzzTarget, must } from '../target.ts';

const root = mkdtempSync(join(tmpdir(), 'recorder-fuzz-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));

const config = parseConfig(
  `[http]\ncors = true\n[auth]\nsecret = "s"\ntokens = ["token"]\n[recorder.storage]\nroot = ${JSON.stringify(root)}`,
  'live777.toml',
);
const log = pino({ level: 'silent' });
const recorder = new RecorderStandIn();
let addressCount = 0;
const segmentIndex = await SegmentIndex.open({
  journalPath: join(root, '.index', 'segments.jsonl'),
  nodeAlias: 'node',
  log,
});
for (const stream of ['cam1', 'cam 2']) await segmentIndex.add(segmentOf(stream));
// Nothing new comes, and nobody here has the time to wait for it.
segmentIndex.waitForNewer = async () => {};
const recordCatalogue = await RecordCatalogue.open({
  journalPath: join(root, '.index', 'records.jsonl'),
  log,
});
const store = await openFolder({ type: 'fs', root }, log);
const events = await EventLog.open({
  path: join(root, '.index', 'events.jsonl'),
  node: 'node',
  log,
});
const retention = await openRetention(root, segmentIndex, recordCatalogue, config);
const app = await buildApp({
  config,
  recorder,
  segmentIndex,
  recordCatalogue,
  retention,
  store,
  events,
  log,
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const PATHS = [
  '/api/record/segments?stream=cam1&kind=video&since_ts=0&limit=5&start_ts=1&end_ts=2&wait=0',
  '/api/record/cam1',
  '/api/recordings?stream=cam1&since_ts=0&limit=5',
  '/api/playback/cam1',
  '/api/record/object/cam1/2025/07/24/manifest.mpd',
  '/api/streams/cam1',
  '/whip/cam1',
  '/session/cam1/s%201',
];

/** A request: method and address in the first line, then headers, an empty line and a body. */
export const target: FuzzTarget = {
  covers: [
    'src/http',
    'routes',
    'src/segment-index/segment-page.ts',
    'src/segment-index/segment-query.ts',
    'src/segment-index/segment-select.ts',
  ],
  maxBytes: 300 * 1024,
  lines: true,
  dictionary: [
    ...PATHS,
    ...['%2e%2e/', '%00', '%', '%e2%82', '&since_ts=', '?limit=', '&wait=1', '=', '+', '&&', '#'],
    ...['Content-Type: application/sdp\n', 'Content-Type: application/json\n', 'Range: bytes=0-\n'],
    ...[
      'If-Match: "e1"\n',
      'If-None-Match: *\n',
      'Authorization: Bearer token\n',
      'Origin: http://a\n',
    ],
    ...['{"records":[{"stream":"cam1","record":"1753315200"}]}', '{"base_dir":"a"}', '__proto__'],
  ],
  seeds: () => [
    ...PATHS.flatMap((path) => [
      Buffer.from(`GET ${path}\nAuthorization: Bearer token\n\n`),
      Buffer.from(`DELETE ${path}\nAuthorization: Bearer token\n\n`),
    ]),
    Buffer.from(
      'POST /whip/cam1\nAuthorization: Bearer token\nContent-Type: application/sdp\n\nv=0\n',
    ),
    Buffer.from(
      'PATCH /session/cam1/s%201\nAuthorization: Bearer token\nIf-Match: "e1"\n' +
        'Content-Type: application/trickle-ice-sdpfrag\n\na=ice-ufrag:x\n',
    ),
    Buffer.from(
      'PATCH /api/recordings\nAuthorization: Bearer token\nContent-Type: application/json\n\n' +
        '{"records":[{"stream":"cam1","record":"1753315200"}]}',
    ),
    Buffer.from(
      'POST /api/record/cam1\nAuthorization: Bearer token\nContent-Type: application/json\n\n{"base_dir":"a/1"}',
    ),
    Buffer.from('GET /api/record/cam1\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x\n\n'),
  ],
  async run(input) {
    const request = requestOf(input);
    if (request === undefined) return;
    const reply = await app.inject({ ...request, remoteAddress: nextAddress() });
    recorder.calls.length = 0;
    recorder.statuses.clear();
    must(reply.statusCode !== 500, `nothing goes wrong inside: ${reply.body.slice(0, 300)}`);
    must(reply.body.length < 1_000_000, 'a reply has a bound');
    if (String(reply.headers['content-type']).startsWith('application/json') && reply.body !== '') {
      JSON.parse(reply.body);
    }
  },
  close: () => app.close(),
};

/** Whoever comes without a valid token again and again is answered late, which would take all the time. */
function nextAddress(): string {
  addressCount = (addressCount + 1) % 900;
  return `10.0.${addressCount >> 8}.${addressCount & 255}`;
}

/** The request, as far as Node's parser would let it through. */
function requestOf(input: Buffer): InjectOptions | undefined {
  const empty = input.indexOf('\n\n');
  const head = input.toString('latin1', 0, empty < 0 ? input.length : empty).split('\n');
  const [method = '', url = ''] = head[0]!.split(' ');
  if (!METHODS.some((one) => one === method)) return undefined;
  // The event stream never ends.
  if (!/^\/[!-~]*$/.test(url) || /sse|%73/i.test(url)) return undefined;
  if (!URL.canParse(url, 'http://localhost')) return undefined;
  const headers: Record<string, string> = {};
  for (const line of head.slice(1)) {
    const match = /^([A-Za-z-]+): ?([\t -~\x80-\xff]*)$/.exec(line);
    if (match === null || /^(?:content-length|transfer-encoding|expect)$/i.test(match[1]!))
      continue;
    headers[match[1]!.toLowerCase()] = match[2]!;
  }
  const payload = empty < 0 ? Buffer.alloc(0) : input.subarray(empty + 2);
  return {
    method: method as (typeof METHODS)[number],
    url,
    headers,
    ...(payload.length > 0 ? { payload: Buffer.from(payload) } : {}),
  };
}
