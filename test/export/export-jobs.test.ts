import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rename, truncate, utimes, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ExportJobs, type ExportJobsOptions } from '../../src/export/export-jobs.ts';
import { mustLeaveSpace } from '../../src/export/export-space.ts';
import { type RecordedApp, recordedApp } from '../playback/recorded-app.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';

const DAY_MS = 86_400_000;
const RANGE = { start: '2026-03-04T20:00:01.5+08:00', end: NOON_US + 9_000_000 };
const REQUEST = {
  ...{ stream: 'cam1', startUs: NOON_US + 1_500_000, endUs: NOON_US + 9_000_000 },
  ...({ gaps: 'cut', container: 'mp4' } as const),
};

/** Ten seconds in segments of two. */
const tenSeconds = (t: Test, toml = '') =>
  recordedApp(
    t,
    async (publisher) => {
      await publisher.run(10);
    },
    { toml },
  );

/** Jobs of their own over what was recorded. */
async function openJobs(t: Test, recorded: RecordedApp, more: Partial<ExportJobsOptions> = {}) {
  const { app, root } = recorded;
  const logged: [object, string][] = [];
  const note = (fields: object, message: string) => logged.push([fields, message]);
  const jobs = await ExportJobs.open({
    root,
    owner: 'test',
    sources: { ...app.rangeSources, objects: app.recordedObjects },
    log: { info: () => undefined, warn: note },
    ...more,
  });
  t.teardown(() => jobs.close());
  return { jobs, logged };
}

/** Waits for the end of a job. @returns how it ended */
async function ended(jobs: ExportJobs, id: string) {
  for await (const _ of jobs.follow(id, 60_000));
  return jobs.get(id);
}

async function filesBelow(root: string): Promise<string[]> {
  const folder = join(root, '.index/exports');
  return (await readdir(folder, { recursive: true })).filter((name) => name.includes('.'));
}

t.test('a job makes the file that a download would get', async (t) => {
  const { app } = await tenSeconds(t);
  const begun = await app.inject({
    method: 'POST',
    url: '/api/exports',
    payload: { stream: 'cam1', ...RANGE },
  });
  t.equal(begun.statusCode, 202, begun.body);
  t.match(begun.json(), {
    stream: 'cam1',
    start_ts: NOON_US + 1_500_000,
    gaps: 'cut',
    container: 'mp4',
  });
  const { id } = begun.json();
  for (const asked of ['/api/exports', '/rec/api/exports']) {
    const { pathname } = new URL(String(begun.headers.location), `http://host${asked}`);
    t.equal(pathname, `${asked}/${id}`);
  }
  // Ends by itself with the job.
  const events = await app.inject(`/api/exports/${id}/events`);
  t.match(events.headers['content-type'], 'text/event-stream');
  const states = [...events.body.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
  const last = states.at(-1);
  t.match(last, { id, state: 'done', seconds: 7.5 });
  t.equal(last.written_bytes, last.size);
  t.equal(last.expires_ts - last.finished_ts, DAY_MS * 1000);
  t.strictSame((await app.inject(`/api/exports/${id}`)).json(), last);
  t.strictSame((await app.inject('/api/exports')).json(), { exports: [last] });
  const again = await app.inject({
    url: `/api/exports/${id}/events`,
    headers: { 'last-event-id': 'done' },
  });
  t.equal(again.statusCode, 204, 'an EventSource stops');

  const start = encodeURIComponent(RANGE.start);
  const sent = await app.inject(`/api/playback/cam1/export.mp4?start=${start}&end=${RANGE.end}`);
  const url = `/api/exports/${id}/file`;
  const whole = await app.inject(url);
  t.equal(whole.statusCode, 200);
  t.ok(whole.rawPayload.equals(sent.rawPayload));
  for (const name of ['content-type', 'content-disposition', 'content-length', 'accept-ranges']) {
    t.equal(whole.headers[name], sent.headers[name], name);
  }
  const etag = String(whole.headers.etag);
  const part = await app.inject({ url, headers: { range: 'bytes=100-199', 'if-range': etag } });
  t.equal(part.statusCode, 206);
  t.ok(part.rawPayload.equals(sent.rawPayload.subarray(100, 200)));
  t.equal((await app.inject({ url, headers: { 'if-none-match': etag } })).statusCode, 304);
  const other = await app.inject({ url, headers: { 'if-match': '"other"' } });
  t.equal(other.statusCode, 412);
  t.notOk(other.headers['content-disposition'], 'an error is not saved as a file');
  t.equal((await app.inject({ url, headers: { range: 'bytes=99999999-' } })).statusCode, 416);

  t.equal((await app.inject({ method: 'DELETE', url: `/api/exports/${id}` })).statusCode, 204);
  for (const method of ['GET', 'DELETE'] as const) {
    t.equal((await app.inject({ method, url: `/api/exports/${id}` })).statusCode, 404);
  }
  t.equal((await app.inject(url)).statusCode, 404);
});

t.test('what cannot be exported is said at once', async (t) => {
  const { app } = await tenSeconds(t);
  for (const [more, status, message] of [
    [{ end: RANGE.start }, 400, /^end: must be later than start/],
    [{ start: 'noon' }, 400, /^start: must be whole µs/],
    [{ end: NOON_US + 26 * 3_600_000_000 }, 400, /at most 25 hours/],
    [{ gaps: 'fill' }, 400, /gaps/],
    [{ container: 'webm' }, 400, /export.mp4/],
    [{ stream: 'cam2' }, 404, /nothing is recorded of cam2/],
    [{ path: '../x' }, 400, /unknown "path"/],
  ] as const) {
    const payload = { stream: 'cam1', ...RANGE, ...more };
    const reply = await app.inject({ method: 'POST', url: '/api/exports', payload });
    t.equal(reply.statusCode, status, JSON.stringify(more));
    t.match(reply.json().message, message);
  }
  t.strictSame((await app.inject('/api/exports')).json(), { exports: [] });
});

t.test('a token of one stream sees and touches its exports alone', async (t) => {
  const { app } = await tenSeconds(
    t,
    '[auth]\nsecret = "a secret that is long enough for all of us"',
  );
  const headers = (stream: string) => ({
    authorization: `Bearer ${app.jwt.sign({ id: stream, mode: 4, exp: 4e9 })}`,
  });
  const payload = { stream: 'cam1', ...RANGE };
  const start = (of: string) =>
    app.inject({ method: 'POST', url: '/api/exports', headers: headers(of), payload });
  t.equal((await start('cam2')).statusCode, 403);
  const { id } = (await start('cam1')).json();
  for (const path of ['', '/events', '/file']) {
    const reply = await app.inject({ url: `/api/exports/${id}${path}`, headers: headers('cam2') });
    t.equal(reply.statusCode, 404, path);
  }
  const removal = { method: 'DELETE', url: `/api/exports/${id}` } as const;
  t.equal((await app.inject({ ...removal, headers: headers('cam2') })).statusCode, 404);
  const listed = async (of: string) =>
    (await app.inject({ url: '/api/exports', headers: headers(of) })).json().exports.length;
  t.strictSame([await listed('cam1'), await listed('cam2'), await listed('*')], [1, 0, 1]);
  t.equal((await app.inject({ ...removal, headers: headers('cam1') })).statusCode, 204);
});

t.test('finished exports survive a restart, others are told of', async (t) => {
  const recorded = await tenSeconds(t);
  const { root } = recorded;
  const first = await openJobs(t, recorded);
  const done = await ended(first.jobs, (await first.jobs.create(REQUEST, 0)).id);
  t.equal(done.state, 'done');
  const path = first.jobs.fileOf(done.id);
  const bytes = await readFile(path);
  await first.jobs.close();
  // As a crash leaves them: one whose end was not told, one in the middle, one that waited.
  const lost = { ...done, state: 'running', finishedUs: undefined };
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const write = (id: string, more: object) =>
    writeFile(
      path.replace(`${done.id}.mp4`, `${id}.json`),
      JSON.stringify({ ...lost, id, ...more }),
    );
  await write(ids[0]!, {});
  await writeFile(path.replace(done.id, ids[0]!), bytes);
  await write(ids[1]!, {});
  await writeFile(`${path.replace(done.id, ids[1]!)}.part`, bytes.subarray(0, 1000));
  await write(ids[2]!, { state: 'queued', size: undefined });
  await writeFile(path.replace(`${done.id}.mp4`, 'damaged.json'), '{"id"');

  const { jobs, logged } = await openJobs(t, recorded);
  t.strictSame(jobs.get(done.id), done);
  t.ok((await readFile(jobs.fileOf(done.id))).equals(bytes));
  t.equal(jobs.get(ids[0]!).state, 'done', 'its file was durable');
  for (const id of ids.slice(1)) {
    t.match(jobs.get(id), { state: 'failed', error: /restarted before it was finished/ });
    t.throws(() => jobs.fileOf(id), { name: 'Refusal', message: /restarted/ });
  }
  t.strictSame(
    (await filesBelow(root)).filter((name) => name.endsWith('.part')),
    [],
  );
  t.match(logged, [[{ files: ['damaged.json'] }, /damaged/]]);
});

t.test('they are kept for a day', async (t) => {
  const recorded = await tenSeconds(t);
  let nowMs = Date.now();
  const { jobs } = await openJobs(t, recorded, { now: () => nowMs });
  const { id } = await ended(jobs, (await jobs.create(REQUEST, 0)).id);
  const stray = jobs.fileOf(id).replace(`${id}.mp4`, 'stray.mp4');
  await writeFile(stray, 'of a job that is not known');
  await utimes(stray, nowMs / 1000, nowMs / 1000);
  nowMs += DAY_MS - 1000;
  await jobs.tidy();
  t.equal(jobs.list().length, 1);
  t.equal((await filesBelow(recorded.root)).length, 3);
  nowMs += 2000;
  await jobs.tidy();
  t.strictSame(jobs.list(), []);
  t.strictSame(await filesBelow(recorded.root), []);
});

t.test('a damaged file ends a job with words, and one line in the log', async (t) => {
  const recorded = await tenSeconds(t);
  const { jobs, logged } = await openJobs(t, recorded);
  const third = join(recorded.root, recorded.publisher.of('video')[2]!.path);
  await rename(third, `${third}.away`);
  const missing = await ended(jobs, (await jobs.create(REQUEST, 0)).id);
  t.match(missing, { state: 'failed', error: /seg_0003.m4s is missing/ });
  t.equal(logged.length, 1);
  await rename(`${third}.away`, third);
  await truncate(third, 3000);
  const short = await ended(jobs, (await jobs.create(REQUEST, 0)).id);
  t.match(short, { state: 'failed', error: /has 3000 bytes/ });
  t.equal((await filesBelow(recorded.root)).length, 2, 'nothing is left but what is told of it');
});

t.test('recordings keep their space', async (t) => {
  const recorded = await tenSeconds(t);
  const disk = { freeBytes: 52_000_000, totalBytes: 1e9 };
  const mustFit = (folder: string, bytes: number) =>
    mustLeaveSpace(folder, bytes, async () => disk);
  const { jobs, logged } = await openJobs(t, recorded, { mustFit });
  t.equal((await ended(jobs, (await jobs.create(REQUEST, 0)).id)).state, 'done');
  disk.freeBytes = 50_000_000;
  await t.rejects(jobs.create(REQUEST, 0), {
    reason: 'disk-full',
    message: /50.0 MB free.*, and 50.0 MB are left to recordings/,
  });
  disk.freeBytes = 52_000_000;
  // What others wrote in the meantime.
  const later = jobs.create(REQUEST, 0);
  await later.then(() => (disk.freeBytes = 50_000_000));
  t.match(await ended(jobs, (await later).id), { state: 'failed', error: /50.0 MB free/ });
  t.equal(logged.length, 1);
});

t.test('a full disk ends a job with words', async (t) => {
  const recorded = await tenSeconds(t);
  let calls = 0;
  const mustFit = async () => {
    if (++calls === 2) throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' });
  };
  const { jobs } = await openJobs(t, recorded, { mustFit });
  const job = await ended(jobs, (await jobs.create(REQUEST, 0)).id);
  t.match(job, { state: 'failed', error: /the disk is full; free some space/ });
});

t.test('two are written at a time; what is removed or interrupted leaves no file', async (t) => {
  const recorded = await tenSeconds(t);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const { rangeSources, recordedObjects } = recorded.app;
  const objects = {
    ...recordedObjects,
    open: async (path: string, size?: number) => held.then(() => recordedObjects.open(path, size)),
  };
  const { jobs } = await openJobs(t, recorded, { sources: { ...rangeSources, objects } });
  const ids: string[] = [];
  for (let at = 0; at < 4; at++) ids.push((await jobs.create(REQUEST, 0)).id);
  const states = () => ids.map((id) => jobs.list().find((job) => job.id === id)?.state);
  t.strictSame(states(), ['running', 'running', 'queued', 'queued']);
  const waiting = ids[3]!;
  await jobs.remove(waiting);
  t.throws(() => jobs.get(waiting), { name: 'Refusal', message: /no such export/ });
  letGo();
  for (const id of ids.slice(0, 3)) t.equal((await ended(jobs, id)).state, 'done');
  t.equal((await filesBelow(recorded.root)).length, 6);
  await jobs.close();
  await t.rejects(jobs.create(REQUEST, 0), { message: /is being stopped/ });
});

t.test('who follows a job is not kept when the recorder stops', async (t) => {
  const recorded = await tenSeconds(t);
  const { app } = recorded;
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const objects = app.recordedObjects;
  const open = objects.open.bind(objects);
  objects.open = async (path, size) => {
    await held;
    return open(path, size);
  };
  const payload = { stream: 'cam1', ...RANGE };
  const { id } = (await app.inject({ method: 'POST', url: '/api/exports', payload })).json();
  const [response] = await once(get(`${address}/api/exports/${id}/events`), 'response');
  await once(response, 'data');
  const ended = once(response, 'end');
  response.resume();
  t.equal((await app.inject(`/api/exports/${id}/file`)).statusCode, 409);
  const closing = app.close();
  await ended;
  letGo();
  await closing;
});
