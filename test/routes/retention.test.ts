import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { Protections } from '../../src/retention/protections.ts';
import { segmentOf, testApp } from '../http/test-app.ts';

const START_US = 1753315200000000;
const S = 1_000_000;

async function withHour(t: Parameters<typeof testApp>[0], toml = '') {
  const test = await testApp(t, toml);
  await mkdir(path.join(test.root, 'cam1/2025/07/24'), { recursive: true });
  for (let n = 0; n < 360; n++) {
    const times = { startUs: START_US + n * 10 * S, endUs: START_US + (n + 1) * 10 * S };
    const file = `cam1/2025/07/24/seg_${String(n + 1).padStart(4, '0')}.m4s`;
    const segment = segmentOf('cam1', { ...times, keyframes: [], path: file, size: 1000 });
    await test.segmentIndex.add(segment);
    await writeFile(path.join(test.root, file), 'x'.repeat(1000));
  }
  return test;
}

t.test('protections are kept, and keep what they cover', async (t) => {
  const { app, root, segmentIndex } = await withHour(t);
  const body = { stream: 'cam1', start_ts: START_US + 65 * S, end_ts: START_US + 75 * S };
  const made = await app.inject({ method: 'POST', url: '/api/protections', payload: body });
  t.equal(made.statusCode, 201);
  t.match(made.json(), { ...body, note: '', id: /^[0-9a-f-]{36}$/ });
  t.same((await app.inject('/api/protections')).json(), [made.json()]);
  const again = await Protections.open(path.join(root, '.index/segments.jsonl'));
  t.equal(again.list()[0]!.id, made.json().id, 'also after a restart');

  const url = `/api/playback/cam1?start=${START_US + 5 * S}&end=${START_US + 105 * S}`;
  const dry = await app.inject({ method: 'DELETE', url: `${url}&dry_run=true` });
  t.equal(dry.statusCode, 200);
  t.match(dry.json(), {
    dry_run: true,
    deleted: [{ stream: 'cam1', reason: 'request', segments: 7, bytes: 7000 }],
    protected: [{ segments: 2, start_ts: START_US + 60 * S, end_ts: START_US + 80 * S }],
    in_use: [],
  });
  t.equal(segmentIndex.size, 360);
  const done = await app.inject({ method: 'DELETE', url });
  t.same(done.json(), { ...dry.json(), dry_run: false });
  t.equal(segmentIndex.size, 353);
  t.match((await app.inject('/api/retention')).json(), {
    ...{ leaving_segments: 7, leaving_bytes: 7000, deleted_segments: 0, unmet_limits: 0 },
  });
  t.match((await app.inject('/metrics')).body, /live777_recorder_leaving_bytes 7000/);
  t.ok(existsSync(path.join(root, 'cam1/2025/07/24/seg_0002.m4s')), 'for a minute');

  const { id } = made.json();
  const removed = await app.inject({ method: 'DELETE', url: `/api/protections/${id}` });
  t.same(removed.json(), made.json());
  t.equal((await app.inject({ method: 'DELETE', url: `/api/protections/${id}` })).statusCode, 404);
  t.match((await app.inject({ method: 'DELETE', url })).json(), { deleted: [{ segments: 2 }] });
});

t.test('a sweep deletes what its dry run named', async (t) => {
  const { app, segmentIndex } = await withHour(
    t,
    '[recorder.retention]\nmax_size = "300kB"\n[[recorder.retention.streams]]\nmatch = "cam*"\nmax_age = "none"',
  );
  const sweep = async (query: string) =>
    (await app.inject({ method: 'POST', url: `/api/retention/sweep${query}` })).json();
  const dry = await sweep('?dry_run=true');
  t.match(dry, { deleted: [{ reason: 'max_size', segments: 60, bytes: 60_000 }], unmet: [] });
  t.equal(segmentIndex.size, 360);
  t.same(await sweep(''), { ...dry, dry_run: false });
  t.equal(segmentIndex.size, 300);
  t.same((await sweep('')).deleted, []);
});

t.test('who may delete', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["a long random text"]');
  const mutations = [
    ['DELETE', '/api/playback/cam1?start=1&end=2'],
    ['POST', '/api/retention/sweep'],
    ['DELETE', '/api/protections/0b6a9f3e-6f0c-4f0e-9d63-0d8c5b8d4c11'],
    ['POST', '/api/protections'],
  ] as const;
  for (const [method, url] of mutations) {
    t.equal((await app.inject({ method, url })).statusCode, 401, url);
  }
});

t.test('damaged protections end the start', async (t) => {
  const { root } = await testApp(t);
  const index = path.join(root, '.index/segments.jsonl');
  const file = path.join(root, '.index/protections.json');
  for (const text of ['', '{}', '[{"id":"x"}]', '[']) {
    await writeFile(file, text);
    await t.rejects(Protections.open(index), /protections.json cannot be read/);
    t.equal(readFileSync(file, 'utf8'), text);
  }
});
