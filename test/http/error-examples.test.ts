import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { AUDIO, DATA, offerOf, VIDEO } from '../ingest/offers.ts';
import { rawRequest } from '../server/raw-request.ts';
import { startRecorder } from '../server/recorder-process.ts';

const SECRET = 'a secret of this test, which is long enough';
const SDP = { 'content-type': 'application/sdp' };
const FRAGMENT = { 'content-type': 'application/trickle-ice-sdpfrag' };
const json = { 'content-type': 'application/json' };
const TEXT = { 'content-type': 'text/plain' };
const DAY = 'cam1/2025/07/24';
const EXPORT_ID = '0b6a9f3e-6f0c-4f0e-9d63-0d8c5b8d4c11';
const large = (bytes: number) => ' '.repeat(bytes);

interface Operation {
  operationId: string;
  responses: Record<string, { content?: { 'application/json'?: { example?: unknown } } }>;
}

interface Request {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Replies that need a recording, a broken bucket, many publishers or armed streams, a full spool, or a stop. */
const NOT_PROVOKED = new Set([
  'downloadExport 409',
  'downloadExport 412',
  'downloadExport 416',
  'exportMp4 409',
  'exportMp4 412',
  'exportMp4 416',
  'exportMp4 502',
  'exportMp4 503',
  'exportWebm 409',
  'exportWebm 412',
  'exportWebm 416',
  'exportWebm 502',
  'exportWebm 503',
  'followEvents 503',
  'followExport 503',
  'followLive777Streams 503',
  'followStreams 503',
  'getFiller 502',
  'getFiller 503',
  'getFillerInitialization 502',
  'getFillerInitialization 503',
  'getPicture 409',
  'getPicture 502',
  'getPicture 503',
  'getHlsAudioPlaylist 409',
  'getHlsAudioPlaylist 502',
  'getHlsAudioPlaylist 503',
  'getHlsPlaylist 409',
  'getHlsPlaylist 502',
  'getHlsPlaylist 503',
  'getHlsVideoPlaylist 409',
  'getHlsVideoPlaylist 502',
  'getHlsVideoPlaylist 503',
  'getRangeManifest 409',
  'getRangeManifest 502',
  'getRangeManifest 503',
  'protect 429',
  'publish 429',
  'publish 503',
  'readObject 502',
  'readObject 503',
  'startExport 409',
  'startExport 429',
  'startExport 502',
  'startExport 503',
  'startExport 507',
  'startRecording 429',
  'startRecording 503',
  'startRecording 507',
  // Tested in config-reload.test.ts, where the file can be changed.
  'reloadConfig 409',
  'reloadConfig 422',
]);

t.test('each error reply is as its example says', async (t) => {
  const recorder = await startRecorder(t, {
    configToml: `[auth]\nsecret = "${SECRET}"\n[webrtc]\nice_udp_addrs = ["127.0.0.1"]\n[recorder.storage]\ntype = "fs"\nroot = "{root}"`,
  });
  const call = async ({ method = 'GET', path, headers, body }: Request, token = jwt('*', 7)) => {
    const authorization = `Bearer ${token}`;
    const sent = { headers: { authorization, ...headers }, ...(body !== undefined && { body }) };
    return rawRequest(recorder.url, method, path, sent);
  };
  await mkdir(join(recorder.root, DAY), { recursive: true });
  await writeFile(join(recorder.root, DAY, 'manifest.mpd'), '<MPD/>');
  await writeFile(join(recorder.root, DAY, 'audio_init.m4s'), 'damaged');
  const filler = '/api/playback/cam1/filler.m4s?like=';
  const fillerInit = '/api/playback/cam1/filler-init.m4s?like=';
  const offer = offerOf(VIDEO, AUDIO);
  const publishing = await fetch(`${recorder.url}/whip/cam1`, {
    method: 'POST',
    headers: { ...SDP, authorization: `Bearer ${jwt('*', 7)}` },
    body: offer,
  });
  t.equal(publishing.status, 201);
  const session = new URL(publishing.headers.get('location')!, publishing.url).pathname;

  const records = { method: 'PATCH', path: '/api/recordings', headers: json };
  const deletion = { ...records, method: 'DELETE' };
  const start = { method: 'POST', path: '/api/record/cam1', headers: json };
  const trickle = { method: 'PATCH', path: session, headers: FRAGMENT, body: 'a=ice-ufrag:x' };
  const publish = { method: 'POST', path: '/whip/cam1', headers: SDP, body: offer };
  const exporting = { method: 'POST', path: '/api/exports', headers: json };
  const protecting = { method: 'POST', path: '/api/protections', headers: json };
  const exportOf = (end: string) =>
    `{"stream":"cam1","start":"2025-07-24T00:00:00Z","end":"${end}"}`;
  const requests: Record<string, Request> = {
    'acknowledgeRecords 400': { ...records, body: '{"records":[{"stream":"cam1"}]}' },
    'acknowledgeRecords 413': { ...records, body: large(3 << 20) },
    'acknowledgeRecords 415': { ...records, headers: TEXT, body: '{}' },
    'collectRecords 400': { path: '/api/recordings?limit=many' },
    'deleteRecords 400': { ...deletion, body: '{"records":[{"stream":"cam1"}]}' },
    'deleteRecords 413': { ...deletion, body: large(3 << 20) },
    'deleteRecords 415': { ...deletion, headers: TEXT, body: '{}' },
    'deleteRange 400': {
      method: 'DELETE',
      path: '/api/playback/cam1?start=2025-07-24T00:00:00Z&end=1000',
    },
    'protect 400': { ...protecting, body: '{"stream":"cam1","start_ts":2,"end_ts":1}' },
    'protect 413': { ...protecting, body: large(300 << 10) },
    'protect 415': { ...protecting, headers: TEXT, body: '{}' },
    'sweep 400': { method: 'POST', path: '/api/retention/sweep?dry_run=maybe' },
    'unprotect 400': { method: 'DELETE', path: '/api/protections/another' },
    'unprotect 404': { method: 'DELETE', path: `/api/protections/${EXPORT_ID}` },
    'disarmStreams 400': { method: 'DELETE', path: '/api/recorder/armed?before=noon' },
    'downloadExport 400': { path: '/api/exports/another/file' },
    'downloadExport 404': { path: `/api/exports/${EXPORT_ID}/file` },
    'exportMp4 400': { path: '/api/playback/cam1/export.mp4?start=2025-07-24T00:00:00Z&end=1000' },
    'exportMp4 404': {
      path: '/api/playback/cam1/export.mp4?start=2025-07-24T00:00:00Z&end=2025-07-24T00:01:00Z',
    },
    'followEvents 400': { path: '/api/events?streams=cam1' },
    'followStreams 400': { path: '/api/recorder/events?streams=cam1' },
    'exportWebm 400': {
      path: '/api/playback/cam1/export.webm?start=2025-07-24T00:00:00Z&end=1000',
    },
    'exportWebm 404': {
      path: '/api/playback/cam1/export.webm?start=2025-07-24T00:00:00Z&end=2025-07-24T00:01:00Z',
    },
    'getFiller 400': { path: `${filler}${DAY}/audio_seg_0001.m4s&time=0&duration=960` },
    'getFiller 404': { path: `${filler}${DAY}/init.m4s&time=0&duration=960` },
    'getFiller 409': { path: `${filler}${DAY}/audio_init.m4s&time=0&duration=960` },
    'getFillerInitialization 400': { path: `${fillerInit}${DAY}/manifest.mpd` },
    'getFillerInitialization 404': { path: `${fillerInit}${DAY}/init.m4s` },
    'getFillerInitialization 409': { path: `${fillerInit}${DAY}/audio_init.m4s` },
    'followExport 400': { path: '/api/exports/another/events' },
    'followExport 404': { path: `/api/exports/${EXPORT_ID}/events` },
    'getExport 400': { path: '/api/exports/another' },
    'getExport 404': { path: `/api/exports/${EXPORT_ID}` },
    'getLive777Stream 400': { path: '/api/streams/object' },
    'getLive777Stream 404': { path: '/api/streams/cam1' },
    'getPicture 400': { path: '/api/playback/cam1/picture?ts=1753315200' },
    'getPicture 404': { path: '/api/playback/cam1/picture?ts=2025-07-24T00:00:00Z' },
    'getRecording 400': { path: '/api/record/%00' },
    'getHlsAudioPlaylist 400': { path: '/api/playback/cam1/audio.m3u8?start=1&end=1' },
    'getHlsAudioPlaylist 404': { path: '/api/playback/cam1/audio.m3u8?start=0' },
    'getHlsPlaylist 400': { path: '/api/playback/cam1/index.m3u8?start=1&end=1' },
    'getHlsPlaylist 404': { path: '/api/playback/cam1/index.m3u8?start=0' },
    'getHlsVideoPlaylist 400': { path: '/api/playback/cam1/video.m3u8?start=1&end=1' },
    'getHlsVideoPlaylist 404': { path: '/api/playback/cam1/video.m3u8?start=0' },
    'getRangeManifest 400': { path: '/api/playback/cam1/manifest.mpd?start=1&end=1' },
    'getRangeManifest 404': { path: '/api/playback/cam1/manifest.mpd?start=0' },
    'getTimeline 400': { path: '/api/timeline?start=1753315200' },
    'listPlaybackRecords 400': { path: '/api/playback/object' },
    'listStreams 400': { path: '/api/recorder/streams?streams=cam1' },
    'listSegments 400': { path: '/api/record/segments?limit=0' },
    'publish 400': { ...publish, path: '/whip/cam2', body: 'v=1\r\n' },
    // Its publisher has not connected yet, but it is one with a wider token.
    'publish 409': { ...publish, headers: { ...SDP, authorization: `Bearer ${jwt('cam1', 7)}` } },
    'publish 413': { ...publish, body: large(1 << 20) },
    'publish 415': { ...publish, headers: json },
    'publish 422': { ...publish, path: '/whip/cam2', body: offerOf(DATA) },
    'publishOptions 400': { method: 'OPTIONS', path: '/whip/object' },
    'readObject 400': { path: '/api/record/object/cam1/%2e%2e/cam2' },
    'readObject 404': { path: `/api/record/object/${DAY}/seg_0001.m4s` },
    'readObject 412': {
      path: `/api/record/object/${DAY}/manifest.mpd`,
      headers: { 'if-match': '"another"' },
    },
    'readObject 416': {
      path: `/api/record/object/${DAY}/manifest.mpd`,
      headers: { range: 'bytes=1000-' },
    },
    'removeExport 400': { method: 'DELETE', path: '/api/exports/another' },
    'removeExport 404': { method: 'DELETE', path: `/api/exports/${EXPORT_ID}` },
    'startExport 400': { ...exporting, body: exportOf('2025-07-24T00:00:00Z') },
    'startExport 404': { ...exporting, body: exportOf('2025-07-24T00:01:00Z') },
    'startExport 413': { ...exporting, body: large(1 << 20) },
    'startExport 415': { ...exporting, headers: TEXT, body: '{}' },
    'startRecording 400': { ...start, body: '{"base_dir":"../cam2"}' },
    'startRecording 413': { ...start, body: large(1 << 20) },
    'startRecording 415': { ...start, headers: TEXT, body: '{}' },
    'stopRecording 400': { method: 'DELETE', path: '/api/record/object' },
    'trickle 400': { ...trickle, headers: { ...FRAGMENT, 'if-match': 'unquoted' } },
    'trickle 404': { ...trickle, path: '/session/cam1/another' },
    'trickle 412': { ...trickle, headers: { ...FRAGMENT, 'if-match': '"stale"' } },
    'trickle 413': { ...trickle, body: large(1 << 20) },
    'trickle 415': { ...trickle, headers: TEXT },
    'unpublish 400': { method: 'DELETE', path: '/session/object/1' },
    'unpublish 404': { method: 'DELETE', path: '/session/cam1/another' },
  };

  const described = await fetch(`${recorder.url}/documentation/json`);
  const { paths } = (await described.json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { operationId, responses } = operation;
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400 || status === '401') continue;
        const name = `${operationId} ${status}`;
        // Its reply is no error, but the state that was asked for.
        if (name === 'getReadiness 503') continue;
        const example = content?.['application/json']?.example;
        t.match(example, { statusCode: Number(status), error: String, message: /\w/ }, name);
        if (NOT_PROVOKED.has(name)) continue;
        const request =
          status === '403'
            ? { method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, 'cam1') }
            : requests[name];
        if (request === undefined) {
          t.fail(`${name}: say with which request it comes`);
          continue;
        }
        const reply = await call(request, status === '403' ? jwt('*', 0) : jwt('*', 7));
        t.strictSame(JSON.parse(reply.body), example, name);
      }
    }
  }
});

/** A token of this test's recorder (RFC 7519). */
function jwt(id: string, mode: number): string {
  const part = (of: object) => Buffer.from(JSON.stringify(of)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ id, mode, exp })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
