import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { requireChromium } from '../chromium/launch.ts';
import { playManifest, playToTheEnd } from '../manifest/player-page.ts';
import { runTool } from '../media/tool.ts';
import { SimulatedPublisher } from '../recording/simulated-publisher.ts';
import { playlistsOf } from './hls-playlists.ts';
import { recordedApp } from './recorded-app.ts';

/** Address of what a playlist names. */
const addressOf = (uri: string) => {
  const { pathname, search } = new URL(uri, 'http://localhost/api/playback/cam1/');
  return pathname + search;
};

for (const [missing, there] of [
  ['audio', 'video'],
  ['video', 'audio'],
] as const) {
  t.test(`Periods without ${missing}, before and after one with it`, async (t) => {
    const recorded = await recordedApp(
      t,
      async (publisher) => {
        await publisher.run(5);
        for (const options of [{}, { [missing]: false }]) {
          await publisher.recording.close();
          const startUs = publisher.nowUs + 60e6;
          const reports = { videoReportUs: 0, audioReportUs: 0 };
          const next = new SimulatedPublisher(
            t,
            { startUs, ...reports, ...options },
            publisher.root,
          );
          await next.run(5);
          await next.recording.close();
          publisher.nowUs = next.nowUs;
          publisher.segments.push(...next.segments);
        }
      },
      { [missing]: false },
    );
    const { app, root } = recorded;
    const lists = await playlistsOf(recorded, 'start=0');
    const [filled, others] = [lists[missing]!, lists[there]!];
    const isFiller = ({ uri }: { uri: string }) => uri.startsWith('filler.m4s?');
    t.equal(filled.segments.filter(isFiller).length, 6, 'three segments in the first and the last');
    t.same(
      filled.segments.map(({ discontinuity }) => discontinuity),
      others.segments.map(({ discontinuity }) => discontinuity),
    );
    for (const [at, { duration, programDateTime }] of filled.segments.entries()) {
      const other = others.segments[at]!;
      t.ok(Math.abs(duration - other.duration) <= 0.021, `${duration} beside ${other.duration}`);
      t.equal(programDateTime?.getTime(), other.programDateTime?.getTime());
    }

    for (const part of [filled.segments.slice(0, 3), filled.segments.slice(-3)]) {
      const files: Buffer[] = [];
      const read = async (uri: string) => {
        const reply = await app.inject(addressOf(uri));
        t.equal(reply.statusCode, 200);
        t.equal(reply.headers['content-type'], `${missing}/mp4`);
        files.push(reply.rawPayload);
      };
      await read(part[0]!.map!.uri!);
      for (const { uri } of part) await read(uri);
      const file = join(root, 'filler.mp4');
      await writeFile(file, Buffer.concat(files));
      const { stderr } = await runTool('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-']);
      t.equal(stderr, '', 'decodes');
      const { stdout } = await runTool('ffprobe', [
        ...['-v', 'error', '-of', 'csv=p=0', '-show_entries', 'packet=pts_time', file],
      ]);
      const times = stdout.toString().trim().split(/\s+/).map(Number);
      const steps = times.slice(1).map((time, packet) => time - times[packet]!);
      const [least, most] = missing === 'audio' ? [0.02, 0.02] : [0.5, 1.5];
      const isSteady = steps.every((step) => step >= least - 1e-5 && step <= most + 1e-5);
      t.ok(isSteady, `no hole in it: ${new Set(steps)}`);
      const total = part.reduce((sum, { duration }) => sum + duration, 0);
      const last = total - (times.at(-1)! - times[0]!);
      t.ok(last > 0 && last <= most + 1e-4, `${total} s of it`);
    }

    const browser = await requireChromium(t);
    if (browser === undefined) return;
    const origin = await app.listen({ host: '127.0.0.1', port: 0 });
    const total = lists.video.segments.reduce((sum, { duration }) => sum + duration, 0);
    for (const player of ['hls.js', 'shaka'] as const) {
      const url = `${origin}/api/playback/cam1/index.m3u8?start=0`;
      const page = await playManifest(t, browser, player, url);
      const { errors, endedAt } = await playToTheEnd(page, 4);
      t.same(errors, [], player);
      t.ok(Math.abs(endedAt - total) < 0.1, `${player} ends at ${endedAt} of ${total}`);
    }
  });
}

t.test('fillers that cannot be', async (t) => {
  const { app, publisher, root } = await recordedApp(t, (each) => each.run(3));
  const { initPath } = publisher.of('audio')[0]!;
  const refusal = async (query: string, stream = 'cam1') => {
    const reply = await app.inject(`/api/playback/${stream}/filler.m4s?${query}`);
    return `${reply.statusCode} ${reply.json().message}`;
  };
  const times = 'time=0&duration=960';
  for (const like of [publisher.of('audio')[0]!.path, 'cam1/init.m4s', 'cam1/..%2Finit.m4s']) {
    t.match(await refusal(`like=${like}&${times}`), /^400 (like|path): must /);
  }
  t.match(await refusal(`like=${initPath}&${times}`, 'cam2'), /^400 like: must /);
  t.match(await refusal(`like=${initPath}&time=0&duration=0`), /^400 .*duration/);
  const hour = 3600 * 48_000;
  t.match(await refusal(`like=${initPath}&time=0&duration=${hour + 1}`), /^400 duration: /);
  const late = Number.MAX_SAFE_INTEGER;
  t.match(await refusal(`like=${initPath}&time=${late}&duration=1`), /^400 time: /);
  t.match(await refusal(`like=cam1/2026/03/04/init_9.m4s&${times}`), /^404 /);
  await writeFile(join(root, 'cam1/2026/03/04/init_8.m4s'), 'damaged');
  t.match(await refusal(`like=cam1/2026/03/04/init_8.m4s&${times}`), /^409 .* is damaged/);
});
