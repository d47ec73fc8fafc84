import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { lockForRecorder } from '../../src/files/storage-root-lock.ts';
import { inTestFolder } from '../test-folder.ts';
import { copyRecording, recordTwoPeriods } from '../verification/damaged-recording.ts';
import { runInProcess, runMain } from './run-main.ts';

const publisher = await recordTwoPeriods(t);
const log = { warn() {} };

t.test('a sound recording: from the root, the stream’s folder, the day folder', async (t) => {
  for (const [below, name] of [
    ['', 'cam1/2026/03/04'],
    ['cam1', '2026/03/04'],
    ['cam1/2026/03/04', '04'],
  ] as const) {
    const { code, stdout, stderr } = await runInProcess([
      'verify',
      path.join(publisher.root, below),
    ]);
    t.equal(stderr, '');
    t.equal(code, 0);
    const [row, gap, summary, ...rest] = stdout.split('\n');
    t.match(row, new RegExp(`^ok {7}${name}: 2 Periods, 16 segments, 00:00:14, 0\\.5 MB$`));
    t.match(gap, /^ {4}gap .* nothing for 9\.987 s from 2026-03-04T12:00:09\.033Z on$/);
    t.equal(summary, '1 recordings, 16 segments, 0.5 MB: no damage');
    t.same(rest, ['']);
  }
});

t.test('damage ends it with 1', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'damaged');
  await rm(path.join(folder, 'seg_0003.m4s'));
  const { code, stdout } = await runMain(['verify', folder]);
  t.equal(code, 1);
  t.match(stdout, /^DAMAGED {2}04: /);
  t.match(
    stdout,
    /^ {2}! missing {9}seg_0003\.m4s {13}the manifest names it, but the file does not exist/m,
  );
  t.match(stdout, /: 1 damaged, 1 problems\n$/);

  const json = await runInProcess(['verify', '--json', path.join(folder, '../../../..')]);
  t.equal(json.code, 1);
  t.match(JSON.parse(json.stdout), {
    recordings: [
      {
        folder: 'cam1/2026/03/04',
        periods: [{ id: 'p1', video: { segments: 4 } }, { id: 'p2' }],
        findings: [{ kind: 'missing', damage: true, file: 'seg_0003.m4s' }, { kind: 'gap' }],
      },
    ],
    summary: { recordings: 1, damaged: 1, damages: 1, segments: 15 },
  });
});

t.test('what cannot be checked ends it with 2', async (t) => {
  const empty = inTestFolder(t, 'empty');
  await mkdir(empty, { recursive: true });
  for (const [args, message] of [
    [[], /^verify needs one PATH/],
    [['a', 'b'], /^verify needs one PATH/],
    [['--jsn', empty], /^Unknown option '--jsn'/],
    [[path.join(empty, 'nowhere')], /^verify: ENOENT/],
    [[empty], /there is no recording here\n$/],
  ] as const) {
    const { code, stdout, stderr } = await runInProcess(['verify', ...args]);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
  }
  const { code, stderr } = await runMain(['verify', '--decode', publisher.root], { path: empty });
  t.equal(code, 2);
  t.match(stderr, /^--decode needs ffmpeg in PATH: apt-get install ffmpeg\n$/);
});

t.test('by the configuration', async (t) => {
  const config = inTestFolder(t, 'live777.toml');
  const { root } = publisher;
  await writeFile(config, `[recorder.storage]\nroot = ${JSON.stringify(root)}\n`);
  for (const asked of [[], ['cam1'], ['cam1/2026/03/04'], [path.join(root, 'cam1')]]) {
    const { code, stdout } = await runInProcess(['verify', '-c', config, ...asked]);
    t.equal(code, 0);
    t.match(stdout, /^ok {7}cam1\/2026\/03\/04: 2 Periods, 16 segments/, asked.join());
  }
  t.match((await runInProcess(['verify', '-c', config, '../elsewhere'])).stderr, /is not below/);
});

t.test('helps', async (t) => {
  for (const flag of ['--help', '-h']) {
    const { code, stdout } = await runInProcess(['verify', flag]);
    t.equal(code, 0);
    t.match(stdout, /^Usage: live777-recorder verify/);
  }
  t.match((await runMain(['--help'])).stdout, /^ {2}verify \[PATH\] /m);
});

t.test('beside a running recorder, what it has open is no damage', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'live');
  const root = path.join(folder, '../../../..');
  await rm(path.join(folder, 'manifest.mpd'));
  t.equal((await runInProcess(['verify', folder])).code, 1);
  const lock = await lockForRecorder(root, '/elsewhere/segments.jsonl', log);
  t.teardown(() => lock.release());
  const { code, stdout } = await runInProcess(['verify', folder]);
  t.equal(code, 0);
  t.match(stdout, /^ {4}live {12}manifest\.mpd/m);
});
