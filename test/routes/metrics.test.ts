import t from 'tap';
import { segmentOf, testApp } from '../http/test-app.ts';

/** Samples of the text format of Prometheus, by name and labels. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] =
      /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\})?) (\S+)$/.exec(line)!;
    found.set(name!, Number(value));
  }
  return found;
}

t.test('what the recorder counts, as Prometheus reads it', async (t) => {
  const { app, recorder, segmentIndex } = await testApp(t);
  const stream = 'Küche "1"\\2';
  await recorder.publish(stream, 'v=0');
  Object.assign(recorder.statuses.get(stream)!, {
    timelineRestarts: 3,
    periods: { start: 1, 'timeline-restart': 3 },
    droppedUnits: { undecodable: 9, disordered: 0, empty: 0, late: 0, unwritten: 0 },
    rejected: { authenticationFailures: 5, replayed: 0, malformed: 0, unroutable: 0, strangers: 0 },
  });
  Object.assign(recorder.statuses.get(stream)!.tracks[0]!.figures, {
    bits_per_second: 2_516_582,
    frames_per_second: 29.9,
    height: 720,
  });
  await segmentIndex.add(segmentOf('cam1'));
  const reply = await app.inject('/metrics');
  t.equal(reply.statusCode, 200);
  t.match(reply.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const found = samples(reply.body);
  const label = 'stream="Küche \\"1\\"\\\\2"';
  const of = (name: string, labels = '') => found.get(`live777_recorder_${name}${labels}`);
  t.equal(of('streams', '{state="live"}'), 1);
  t.equal(of('streams', '{state="recording"}'), 0);
  t.equal(of('track_packets_lost_total', `{${label},kind="video"}`), 2);
  t.equal(of('track_concealed_seconds_total', `{${label},kind="video"}`), 0.01);
  t.equal(of('track_bits_per_second', `{${label},kind="video"}`), 2_516_582);
  t.equal(of('track_frames_per_second', `{${label},kind="video"}`), 29.9);
  t.equal(of('track_height_pixels', `{${label},kind="video"}`), 720);
  t.equal(of('track_width_pixels', `{${label},kind="video"}`), undefined, 'not known');
  t.equal(of('track_layer_switches_total', `{${label},kind="video"}`), 0);
  t.equal(of('stream_access_units_dropped_total', `{${label},reason="undecodable"}`), 9);
  t.equal(of('stream_packets_rejected_total', `{${label},reason="authentication_failures"}`), 5);
  t.equal(of('stream_timeline_restarts_total', `{${label}}`), 3);
  t.equal(of('stream_periods_total', `{${label},reason="timeline-restart"}`), 3);
  t.equal(of('worker_cpu_seconds_total', '{worker="0",mode="user"}'), 2);
  t.equal(of('worker_udp_strangers_total', '{worker="0"}'), 7);
  t.equal(of('worker_udp_dropped_total', '{worker="0"}'), 5);
  t.equal(of('worker_event_loop_delay_max_seconds', '{worker="0"}'), 0.3);
  t.equal(of('segments'), 1);
  t.ok(found.get('process_cpu_seconds_total')! > 0);

  for (const seconds of [0.07, 0.14, 3]) recorder.onIndexed!(seconds);
  const again = samples((await app.inject('/metrics')).body);
  t.equal(
    again.get(`live777_recorder_track_packets_lost_total{${label},kind="video"}`),
    2,
    'counts as much when asked again',
  );
  const delays = (bound: string) =>
    again.get(`live777_recorder_segment_index_seconds_bucket{le="${bound}"}`);
  t.same(
    [0.06, 0.08, 0.15, 2, '+Inf'].map((bound) => delays(String(bound))),
    [0, 1, 2, 2, 3],
  );
  recorder.statuses.clear();
  t.notMatch((await app.inject('/metrics')).body, 'kind="video"', 'a stream that is gone is gone');
});

t.test('a token is needed where there are any', async (t) => {
  const { app } = await testApp(t, '[auth]\ntokens = ["secret"]');
  t.equal((await app.inject('/metrics')).statusCode, 401);
  const headers = { authorization: 'Bearer secret' };
  t.equal((await app.inject({ url: '/metrics', headers })).statusCode, 200);
});

t.test('processor time counts from the start of the process', async (t) => {
  const { app } = await testApp(t);
  const { user, system } = process.cpuUsage();
  const { body } = await app.inject('/metrics');
  const seconds = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)![1]);
  t.ok(seconds('process_cpu_user_seconds_total') >= user / 1e6);
  t.ok(seconds('process_cpu_system_seconds_total') >= system / 1e6);
  t.ok(seconds('process_cpu_seconds_total') >= (user + system) / 1e6);
});

t.test('requests are counted by route, whatever is asked for', async (t) => {
  const { app } = await testApp(t);
  const ask = async (url: string, method: 'GET' | 'POST' | 'PUT' = 'GET') => {
    await app.inject({ method, url });
  };
  for (let n = 0; n < 20; n++) {
    await ask(`/api/record/cam${n}`);
    await ask(`/nothing-${n}`);
    await ask(`/api/record/cam${n}`, 'PUT');
  }
  const { body } = await app.inject('/metrics');
  const found = samples(body);
  const counted = [...found].filter(([name]) => name.includes('request_duration_seconds_count'));
  t.strictSame(counted, [
    [countOf('GET', '/api/record/:stream', '2xx'), 20],
    [countOf('any', 'none', '4xx'), 20],
    [countOf('PUT', '/api/record/:stream', '4xx'), 20],
  ]);
});

function countOf(method: string, route: string, status: string): string {
  const labels = `method="${method}",route="${route}",status="${status}"`;
  return `live777_recorder_http_request_duration_seconds_count{${labels}}`;
}
