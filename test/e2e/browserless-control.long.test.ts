import t from 'tap';
import { WhipPublisher } from '../publisher/whip-publisher.ts';
import { readDayFolder } from '../server/day-folder.ts';
import { getJson, type RecordRow, recordStatus, segmentPage } from '../server/recorder-client.ts';
import { startRecorder } from '../server/recorder-process.ts';
import { until } from '../server/until.ts';

interface Started {
  id: string;
  record_id: string;
  record_dir: string;
  mpd_path: string;
}

t.test('recordings are armed, started and stopped by name, and asking twice is once', async (t) => {
  const { url, root } = await startRecorder(t, { autoStreams: ['other'] });
  const post = () => getJson<Started>(`${url}/api/record/cam1`, { method: 'POST' });
  const armed = await post();
  t.match(armed, { id: 'cam1', record_id: /^\d{10}$/ });
  t.equal((await recordStatus(url, 'cam1')).state, 'waiting');

  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  await until('it is recorded', async () => (await recordStatus(url, 'cam1')).recording);
  await until('a segment', async () => (await segmentPage(url, {})).segments.length > 0);
  t.same(await post(), armed, 'the same reply while it is recorded');
  t.same(await post(), armed);
  await until('more segments', async () => (await segmentPage(url, {})).segments.length > 4);
  const second = await fetch(`${url}/whip/cam1`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: 'v=0',
  });
  t.ok(second.status === 409 || second.status === 400, 'no second publisher');

  const stop = () => fetch(`${url}/api/record/cam1`, { method: 'DELETE' });
  t.equal((await stop()).status, 200);
  t.equal((await stop()).status, 200, 'quiet when nothing runs');
  t.equal((await recordStatus(url, 'cam1')).state, 'live', 'the publisher stays');
  const folder = await readDayFolder(root, 'cam1');
  t.equal(folder.mpd.type, 'static');
  t.equal(folder.mpd.periods.length, 1, 'asking again has not torn the recording');

  const again = await post();
  t.not(again.record_id, armed.record_id, 'another record');
  t.equal((await recordStatus(url, 'cam1')).state, 'recording');
});

t.test('the list names no manifest that cannot be read yet', async (t) => {
  const { url } = await startRecorder(t);
  const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
  t.teardown(() => publisher.stop().catch(() => undefined));
  publisher.start();
  let without = 0;
  await until('a manifest', async () => {
    const [cam1] = await getJson<{ recordings: { mpd_path?: string }[] }[]>(
      `${url}/api/recorder/streams`,
    );
    const [recording] = cam1?.recordings ?? [];
    if (recording === undefined) return false;
    if (recording.mpd_path === undefined) {
      without++;
      return false;
    }
    const { status } = await fetch(`${url}/api/record/object/${recording.mpd_path}`);
    t.equal(status, 200, 'it is there as soon as it is named');
    return true;
  });
  t.ok(without > 0, 'there are segments before there is a manifest');
  const { period } = await getJson<RecordRow>(`${url}/api/record/cam1`);
  t.equal(period?.reason, 'start', 'the state says why its Period began');
  t.ok(Math.abs(period!.started_at / 1000 - Date.now()) < 120_000, 'and when');
});

t.test('what is started while it is published holds until that session is ended', async (t) => {
  const { url } = await startRecorder(t, {
    autoStreams: [],
    recorder: { resume_grace_seconds: 1 },
  });
  const post = () => getJson<Started>(`${url}/api/record/cam1`, { method: 'POST' });
  const publish = async () => {
    const publisher = await WhipPublisher.connect({ whipUrl: `${url}/whip/cam1` });
    t.teardown(() => publisher.vanish());
    publisher.start();
    return publisher;
  };
  const state = async () => (await recordStatus(url, 'cam1')).state;
  const reaches = (wanted: string) =>
    until(`it is ${wanted}`, async () => (await state()) === wanted, 30_000);
  const ids = async () => {
    const { sessions } = await getJson<{ sessions: { id: string }[] }>(
      `${url}/api/recordings?limit=10`,
    );
    return sessions.map(({ id }) => id).sort();
  };

  const first = await publish();
  const started = await post();
  await until('it is listed', async () => (await ids()).length === 1);
  first.vanish();
  await reaches('waiting');
  const backS = Math.floor(Date.now() / 1000);
  const second = await publish();
  await until('the next record is listed', async () => (await ids()).length === 2);
  const [before, after] = await ids();
  t.equal(before, started.record_id);
  t.ok(Number(after) >= backS, 'named after the second in which it began');
  t.equal((await post()).record_id, after, 'which is what who asks is told');

  await second.stop();
  t.equal(await state(), 'idle', 'nothing is waited for');
  await publish();
  await reaches('live');
  const again = await post();
  await until('a third is listed', async () => (await ids()).length === 3);
  t.equal((await ids()).at(-1), again.record_id);
});
