import t from 'tap';
import { segmentOf, testApp } from '../http/test-app.ts';

t.test('a recording that has just begun has no manifest yet', async (t) => {
  const { app, recorder, segmentIndex } = await testApp(t);
  await recorder.start('cam1');
  await segmentIndex.add(segmentOf('cam1'));
  const begun = recorder.statuses.get('cam1')!;
  const paths = async () => {
    const [cam1] = (await app.inject('/api/recorder/streams')).json();
    return cam1.recordings.map(({ mpd_path }: { mpd_path?: string }) => mpd_path);
  };
  const path = 'cam1/2025/07/24/manifest.mpd';
  begun.isPlayable = false;
  t.strictSame(await paths(), [undefined]);
  begun.isPlayable = true;
  t.strictSame(await paths(), [path]);
  begun.isPlayable = false;
  begun.startedAtUs = 1753315300000000;
  t.strictSame(await paths(), [path], 'the one of what was recorded before');
});

t.test('streams for the console: live ones, recorded ones, and both', async (t) => {
  const { app, recorder, segmentIndex } = await testApp(t);
  t.strictSame((await app.inject('/api/recorder/streams')).json(), []);

  await recorder.publish('cam1', 'v=0');
  await recorder.start('waiting');
  await segmentIndex.add(segmentOf('cam1'));
  await segmentIndex.add(
    segmentOf('cam1', {
      path: 'cam1/2025/07/24/seg_0002.m4s',
      startUs: 1753315210000000,
      endUs: 1753315215000000,
      keyframes: [1753315210000000],
      size: 1000,
    }),
  );
  await segmentIndex.add(
    segmentOf('cam1', {
      path: 'x/cam1/2025/07/25/seg_0001.m4s',
      initPath: 'x/cam1/2025/07/25/init.m4s',
    }),
  );
  await segmentIndex.add(segmentOf('gone'));

  const streams: { stream: string }[] = (await app.inject('/api/recorder/streams')).json();
  t.strictSame(streams.map(({ stream }) => stream).sort(), ['cam1', 'gone', 'waiting']);
  const named = (name: string) => streams.find(({ stream }) => stream === name);
  t.strictSame(named('cam1'), {
    stream: 'cam1',
    state: 'live',
    published_at: 1753315199500,
    session_id: 's 1',
    tracks: [
      {
        kind: 'video',
        codec: 'avc1.42e01f',
        packets_received: 1,
        packets_lost: 2,
        packets_recovered: 3,
        packets_restored: 0,
        packets_dropped: 4,
        access_units: 5,
        access_units_broken: 8,
        keyframes: 6,
        concealed_ms: 10,
        nacks_sent: 11,
        plis_sent: 12,
        bytes: 7,
      },
    ],
    recordings: [
      {
        folder: 'cam1/2025/07/24',
        mpd_path: 'cam1/2025/07/24/manifest.mpd',
        start_ts: 1753315200000000,
        end_ts: 1753315215000000,
        segments: 2,
        bytes: 3146728,
      },
      {
        folder: 'x/cam1/2025/07/25',
        mpd_path: 'x/cam1/2025/07/25/manifest.mpd',
        start_ts: 1753315200000000,
        end_ts: 1753315210000000,
        segments: 1,
        bytes: 3145728,
      },
    ],
  });
  t.match(named('gone'), { state: 'idle', tracks: [], recordings: [{ segments: 1 }] });
  t.match(named('waiting'), { state: 'recording', recordings: [] });
});

t.test('streams in the form of Live777: only those that are published', async (t) => {
  const { app, recorder } = await testApp(t);
  t.strictSame((await app.inject('/api/streams/')).json(), []);
  await recorder.publish('cam1', 'v=0');
  await recorder.start('waiting');
  const cam1 = {
    id: 'cam1',
    createdAt: 1753315199500,
    publish: {
      leaveAt: 0,
      sessions: [
        {
          id: 's 1',
          createdAt: 1753315199500,
          leaveAt: 0,
          state: 'connected',
          hasDataChannel: false,
        },
      ],
    },
    subscribe: { leaveAt: 0, sessions: [] },
    codecs: [{ kind: 'video', codec: 'avc1.42e01f', fmtp: '' }],
  };
  t.strictSame((await app.inject('/api/streams/')).json(), [cam1]);
  t.strictSame((await app.inject('/api/streams')).json(), [cam1], 'without the slash too');
  t.strictSame((await app.inject('/api/streams/?streams=cam2&streams=cam1')).json(), [cam1]);
  t.strictSame((await app.inject('/api/streams/?streams=cam2')).json(), []);
  t.strictSame((await app.inject('/api/streams/cam1')).json(), cam1);
  const waiting = await app.inject('/api/streams/waiting');
  t.equal(waiting.statusCode, 404);
  t.equal(waiting.json().message, 'nobody publishes the stream "waiting"');
});
