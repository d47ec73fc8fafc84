import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { videoFrames } from '../publisher/clip.ts';
import { SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

/** An SEI that makes each picture so large that an export takes a while: 600 MB in all. */
const FILLER = Buffer.concat([Buffer.from([6]), Buffer.alloc(100_000, 7)]);
const SECONDS = 200;
/** The hour before this one, so that the index keeps it and it is all of one day. */
const START_US = (Math.floor(Date.now() / 3_600_000) - 1) * 3600e6;

interface Job {
  id: string;
  state: string;
  written_bytes: number;
  size?: number;
  error?: string;
}

/** What is below the folder of exports. */
async function exportsBelow(root: string): Promise<string[]> {
  const folder = join(root, '.index/exports');
  return (await readdir(folder, { recursive: true })).filter((name) => name.includes('.'));
}

async function record(t: Test): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'killed-job-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const frames = videoFrames('flash-and-beep.h264').map(({ keyframe, units }) => ({
    keyframe,
    units: [...units.slice(0, -1), FILLER, units.at(-1)!],
  }));
  const reports = { videoReportUs: 0, audioReportUs: 0 };
  const publisher = new SimulatedPublisher(t, { startUs: START_US, frames, ...reports }, root);
  for (let second = 0; second < SECONDS; second++) {
    await publisher.run(1);
    await publisher.recording.written();
  }
  await publisher.recording.close();
  return root;
}

t.test('a job that is killed in the middle is told of, and nothing of it is served', async (t) => {
  const root = await record(t);
  const first = await startRecorder(t, { root });
  const call = async (url: string, path: string, init?: RequestInit) => {
    const reply = await fetch(`${url}${path}`, init);
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? {} : JSON.parse(text) };
  };
  const create = (url: string) =>
    call(url, '/api/exports', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ stream: 'cam1', start: START_US + 1_000_000, end: START_US + (SECONDS - 1) * 1e6 },
      }),
    });
  await until('all is in the index', async () => {
    const { body } = await call(first.url, '/api/timeline');
    const spans = body.streams.flatMap(({ spans }: { spans: { end_ts: number }[] }) => spans);
    return spans.some(({ end_ts }: { end_ts: number }) => end_ts >= START_US + (SECONDS - 1) * 1e6);
  });
  const created = await create(first.url);
  t.equal(created.status, 202, JSON.stringify(created.body));
  const { id } = created.body as Job;
  const middle = await until('it is in the middle', async () => {
    const { body } = await call(first.url, `/api/exports/${id}`);
    const job = body as Job;
    if (job.state === 'done') throw new Error('it was finished too early to be killed');
    return job.state === 'running' && job.written_bytes > 1_000_000 && job;
  });
  await first.kill();
  const parts = (await exportsBelow(root)).filter((name) => name.endsWith('.part'));
  t.equal(parts.length, 1, `${middle.written_bytes} of ${middle.size} bytes were written`);

  const second = await startRecorder(t, { root });
  const { body: after } = await call(second.url, `/api/exports/${id}`);
  t.match(after, { state: 'failed', error: /restarted before it was finished; ask for it again/ });
  const file = await call(second.url, `/api/exports/${id}/file`);
  t.equal(file.status, 409);
  t.match(file.body.message, /restarted/);
  t.same(
    (await exportsBelow(root)).filter((name) => !name.endsWith('.json')),
    [],
    'what was written is removed',
  );

  // The next one is cancelled, the third one finished.
  const cancelled = (await create(second.url)).body as Job;
  await until('it is written', async () => {
    const { body } = await call(second.url, `/api/exports/${cancelled.id}`);
    return (body as Job).written_bytes > 1_000_000;
  });
  const removal = await fetch(`${second.url}/api/exports/${cancelled.id}`, { method: 'DELETE' });
  t.equal(removal.status, 204);
  t.same(
    (await exportsBelow(root)).filter((name) => name.includes(cancelled.id)),
    [],
    'nothing of it is left',
  );
  t.equal((await call(second.url, `/api/exports/${cancelled.id}`)).status, 404);
  const { id: lastId } = (await create(second.url)).body as Job;
  const done = await until('it is done', async () => {
    const { body } = await call(second.url, `/api/exports/${lastId}`);
    return (body as Job).state === 'done' && (body as Job);
  });
  const [name] = (await exportsBelow(root)).filter((each) => each.endsWith(`${lastId}.mp4`));
  t.equal((await stat(join(root, '.index/exports', name!))).size, done.size);
});
