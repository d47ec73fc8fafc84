import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { repairRecording } from '../../src/repair/repair-recording.ts';
import { isDamaged } from '../../src/verification/finding.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import { repeat } from '../thoroughness.ts';
import {
  copyRecording,
  FOLDER,
  overwrite,
  placeOf,
  recordTwoPeriods,
} from '../verification/damaged-recording.ts';

const publisher = await recordTwoPeriods(t);
const whole = path.join(publisher.root, FOLDER);
const FRAMES = 392;
const PACKETS = 701;

/** Damage, and how many frames and packets are left of 392 and 701 when it is mended. */
const DAMAGES: Record<
  string,
  { damage(folder: string): Promise<unknown>; frames?: number; packets?: number; periods?: number }
> = {
  'a segment is deleted': {
    damage: (folder) => rm(path.join(folder, 'seg_0003.m4s')),
    frames: FRAMES - 60,
    periods: 4,
  },
  'the first segment is deleted': {
    damage: (folder) => rm(path.join(folder, 'audio_seg_0001.m4s')),
    packets: PACKETS - 100,
    periods: 3,
  },
  'a segment is cut': {
    damage: (folder) => truncate(path.join(folder, 'seg_0002.m4s'), 40_000),
    frames: FRAMES - 30,
    periods: 4,
  },
  'a segment is cut to nothing': {
    damage: (folder) => truncate(path.join(folder, 'audio_seg_0002.m4s'), 100),
    packets: PACKETS - 100,
    periods: 4,
  },
  'the second chunk of a segment is damaged': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0002.m4s');
      const second = (await readFile(file)).lastIndexOf('trun');
      await overwrite(file, second + 10, Buffer.from([0xff]));
    },
    frames: FRAMES - 30,
    periods: 4,
  },
  'a chunk lies elsewhere in time': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0003.m4s');
      const at = (await readFile(file)).lastIndexOf('tfdt') + 8;
      await overwrite(file, at + 6, Buffer.from([0x12, 0x34]));
    },
  },
  'a segment is renamed': {
    damage: (folder) =>
      rename(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0030.m4s')),
  },
  'a segment is there twice': {
    damage: (folder) => copyFile(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_3.m4s')),
  },
  'a copy of a segment has another number': {
    damage: (folder) =>
      copyFile(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0009.m4s')),
  },
  'a segment is a part file again, and cut': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0007.m4s');
      await rename(file, `${file}.part`);
      await truncate(`${file}.part`, 50_000);
    },
    frames: FRAMES - 30,
    periods: 4,
  },
  'part files of segments that no manifest names': {
    damage: async (folder) => {
      for (const name of ['seg_0008.m4s', 'audio_seg_0008.m4s']) {
        await rename(path.join(folder, name), path.join(folder, `${name}.part`));
      }
      await writeFile(path.join(folder, 'seg_0009.m4s.part'), '');
      await rewrite(folder, (text) =>
        text
          .replace('type="static"', 'type="dynamic"')
          .replace(/<S d="3000"\/>/, '')
          .replace('d="96000" r="1"/><S d="48000"/>', 'd="96000" r="1"/>'),
      );
    },
  },
  'the manifest is lost': { damage: (folder) => rm(path.join(folder, 'manifest.mpd')) },
  'the manifest is cut': {
    damage: (folder) => truncate(path.join(folder, 'manifest.mpd'), 1500),
  },
  'the manifest is as old as the first segments': {
    damage: (folder) =>
      rewrite(folder, (text) =>
        text
          .replace('type="static"', 'type="dynamic"')
          .replace(/<Period id="p2"[\s\S]*<\/Period>\n/, '')
          .replace('d="180000" r="3"/><S d="93000"/>', 'd="180000" r="1"/>'),
      ),
  },
  'two Periods cover the same time': {
    damage: (folder) =>
      rewrite(folder, (text) => {
        const period = /<Period id="p2"[\s\S]*<\/Period>\n/.exec(text)![0];
        return text.replace(period, period + period.replaceAll('"p2"', '"p3"'));
      }),
  },
  'an initialization segment of sound is damaged': {
    damage: async (folder) => {
      const file = path.join(folder, 'audio_init.m4s');
      await overwrite(file, await placeOf(file, 'stsd', 0), Buffer.from('x'));
    },
  },
  'an initialization segment of pictures is lost, and another is there': {
    damage: (folder) => rename(path.join(folder, 'init.m4s'), path.join(folder, 'init_2.m4s')),
  },
};

// Each takes ffprobe a second or more.
const probed = repeat(Object.keys(DAMAGES), [
  'a segment is deleted',
  'the second chunk of a segment is damaged',
  'the manifest is lost',
]);

for (const [name, { damage, frames = FRAMES, packets = PACKETS, periods = 2 }] of Object.entries(
  DAMAGES,
)) {
  t.test(name, async (t) => {
    const folder = await copyRecording(t, publisher.root, name);
    await damage(folder);
    t.equal(isDamaged(await verifyRecording(folder)), true);
    const bytes = await allBytes(folder);
    const { actions, left } = await repairRecording(folder, NOON_US);
    t.same(left, []);
    t.ok(actions.length > 0);
    const verification = await verifyRecording(folder);
    t.equal(isDamaged(verification), false);
    const count = (kind: 'video' | 'audio') =>
      verification.periods.reduce((sum, period) => sum + (period[kind]?.samples ?? 0), 0);
    t.same(
      [count('video'), count('audio'), verification.periods.length],
      [frames, packets, periods],
    );
    t.ok((await allBytes(folder)) >= bytes, 'nothing was deleted');
    t.same((await repairRecording(folder, NOON_US)).actions, [], 'and there is nothing left to do');
    if (probed.includes(name))
      await t.test('ffprobe agrees', (t) => ffprobeAgrees(t, folder, frames, packets));
  });
}

t.test('an undamaged recording is not touched', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'whole');
  const before = await readdir(folder);
  t.same(await repairRecording(folder, NOON_US), { folder, actions: [], left: [] });
  t.same(await readdir(folder), before);
  t.equal(
    await readFile(path.join(folder, 'manifest.mpd'), 'utf8'),
    await readFile(path.join(whole, 'manifest.mpd'), 'utf8'),
  );
});

t.test('what cannot be mended is told, and left as it is', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'hopeless');
  const file = path.join(folder, 'seg_0004.m4s');
  await overwrite(file, await placeOf(file, 'mdat', 4), Buffer.from([0x40]));
  await rm(path.join(folder, 'init.m4s'));
  const before = await readFile(file);
  const { left } = await repairRecording(folder, NOON_US);
  t.match(left, [
    { kind: 'initialization', file: 'init.m4s' },
    { kind: 'undecodable', file: 'seg_0004.m4s' },
    { kind: 'initialization', file: 'init.m4s' },
  ]);
  t.same(await readFile(file), before);
});

async function ffprobeAgrees(t: Test, folder: string, frames: number, packets: number) {
  if (!requireFfmpeg(t)) return;
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  t.equal(mpd.type, 'static');
  const count = { video: 0, audio: 0 };
  for (const set of mpd.periods.flatMap((period) => period.adaptationSets)) {
    const files = [set.initialization, ...set.segments.map((segment) => segment.file)];
    const media = await probeSegments(files.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    count[set.contentType as 'video' | 'audio'] += media.frameCount;
  }
  t.same(count, { video: frames, audio: packets });
}

async function allBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder)) {
    if (name.includes('.m4s')) sum += (await readFile(path.join(folder, name))).length;
  }
  return sum;
}

async function rewrite(folder: string, change: (text: string) => string): Promise<void> {
  const file = path.join(folder, 'manifest.mpd');
  await writeFile(file, change(await readFile(file, 'utf8')));
}
