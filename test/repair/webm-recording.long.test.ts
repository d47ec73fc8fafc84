import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t, { type Test } from 'tap';
import { readFolderSegments } from '../../src/index-rebuild/folder-segments.ts';
import { repairRecording } from '../../src/repair/repair-recording.ts';
import { folderReader } from '../../src/storage/recordings-reader.ts';
import { isDamaged } from '../../src/verification/finding.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import { probeSegments } from '../media/probe.ts';
import { readMpd } from '../media/read-mpd.ts';
import { requireFfmpeg } from '../media/tool.ts';
import { encodeCodecClip } from '../recording/every-codec/codec-clips.ts';
import { NOON_US } from '../recording/simulated-publisher.ts';
import {
  copyRecording,
  FOLDER,
  overwrite,
  recordTwoPeriods,
} from '../verification/damaged-recording.ts';

// What `verify` finds in WebM files and `repair` makes of it, as for MP4.

/** Two seconds of pictures are a segment, in two clusters. */
const SEGMENT = 60;
const CLUSTER = Buffer.from('1f43b675', 'hex');

interface Damage {
  damage(folder: string): Promise<unknown>;
  /** Kinds of what `verify` finds, of damage alone. */
  found: string[];
  /** How many pictures are missing when it is mended. */
  lost?: number;
  /** What stays wrong. */
  left?: string[];
}

const DAMAGES: Record<string, Damage> = {
  'a segment is cut': {
    damage: (folder) => cut(path.join(folder, 'seg_0002.webm'), 10),
    found: ['torn'],
    lost: SEGMENT / 2,
  },
  'a segment is cut to its head': {
    damage: (folder) => truncate(path.join(folder, 'seg_0002.webm'), 100),
    found: ['torn'],
    lost: SEGMENT,
  },
  'the size of a sample is flipped': {
    // In the table of the second cluster: behind the cluster's head, the table's and its mark.
    damage: (folder) => flip(path.join(folder, 'seg_0003.webm'), 22 + 5 + 4 + 3),
    found: ['torn'],
    lost: SEGMENT / 2,
  },
  'the time of a block is flipped': {
    // That of the first block, behind the table of 30 samples: players would show it elsewhere.
    damage: (folder) => flip(path.join(folder, 'seg_0003.webm'), 22 + 5 + 4 + 8 * 30 + 7),
    found: ['undecodable'],
    left: ['undecodable'],
  },
  'a cluster lies elsewhere in time': {
    damage: (folder) => flip(path.join(folder, 'seg_0003.webm'), 14 + 6),
    found: ['times'],
  },
  'a segment is deleted': {
    damage: (folder) => rm(path.join(folder, 'seg_0003.webm')),
    found: ['missing'],
    lost: SEGMENT,
  },
  'a segment is renamed': {
    damage: (folder) =>
      rename(path.join(folder, 'seg_0003.webm'), path.join(folder, 'seg_0030.webm')),
    found: ['missing', 'unlisted'],
  },
  'a segment is a part file again, and cut': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0007.webm');
      await rename(file, `${file}.part`);
      await cut(`${file}.part`, 10);
    },
    found: ['missing', 'part'],
    lost: SEGMENT / 2,
  },
  'the manifest is lost': {
    damage: (folder) => rm(path.join(folder, 'manifest.mpd')),
    found: ['manifest', ...Array<string>(16).fill('unlisted')],
  },
  'the manifest is cut': {
    damage: (folder) => truncate(path.join(folder, 'manifest.mpd'), 1500),
    found: ['manifest', ...Array<string>(16).fill('unlisted')],
  },
  'the initialization segment is lost, and another is there': {
    damage: (folder) => rename(path.join(folder, 'init.webm'), path.join(folder, 'init_2.webm')),
    found: ['initialization', 'initialization'],
  },
  'the initialization segment is lost': {
    damage: (folder) => rm(path.join(folder, 'init.webm')),
    found: ['initialization', 'initialization'],
    left: ['initialization', 'initialization'],
  },
  'the initialization segment is flipped': {
    damage: async (folder) => {
      const file = path.join(folder, 'init.webm');
      await copyFile(file, path.join(folder, 'init_2.webm'));
      await overwrite(file, (await readFile(file)).indexOf('V_VP8'), Buffer.from('x'));
    },
    found: ['initialization', 'initialization'],
  },
};

t.test('WebM: damage is found and mended', async (t) => {
  if (!requireFfmpeg(t)) return;
  const size = { width: 320, height: 180, frames: 120 };
  const { frames } = await encodeCodecClip(t.testdir({}), 'vp8', size);
  const publisher = await recordTwoPeriods(t, { frames });
  const folder = path.join(publisher.root, FOLDER);
  await writeFile(path.join(folder, 'notes.txt'), 'none of ours');
  const whole = await verifyRecording(folder, { decode: true });
  t.same(
    whole.findings.map(({ kind }) => kind),
    ['gap', 'foreign'],
  );
  for (const [name, each] of Object.entries(DAMAGES)) {
    await t.test(name, async (t) => mends(t, await copyRecording(t, publisher.root, name), each));
  }
});

async function mends(
  t: Test,
  folder: string,
  { damage, found, lost = 0, left = [] }: Damage,
): Promise<void> {
  const pictures = async () => {
    const { periods } = await verifyRecording(folder);
    return periods.reduce((sum, { video }) => sum + (video?.samples ?? 0), 0);
  };
  const before = await pictures();
  await damage(folder);
  const { findings } = await verifyRecording(folder);
  t.same(
    findings.filter((one) => one.damage).map(({ kind }) => kind),
    found,
  );
  const repaired = await repairRecording(folder, NOON_US);
  t.same(
    repaired.left.map(({ kind }) => kind),
    left,
  );
  t.equal(isDamaged(await verifyRecording(folder)), left.length > 0);
  if (left.length > 0) return;
  t.equal(await pictures(), before - lost);
  const mpd = readMpd(await readFile(path.join(folder, 'manifest.mpd'), 'utf8'));
  let probed = 0;
  for (const { adaptationSets } of mpd.periods) {
    const set = adaptationSets.find(({ contentType }) => contentType === 'video');
    if (set === undefined) continue;
    t.equal(set.mimeType, 'video/webm');
    const files = [set.initialization, ...set.segments.map(({ file }) => file)];
    const media = await probeSegments(files.map((file) => path.join(folder, file)));
    t.same(media.errors, []);
    probed += media.frameCount;
  }
  t.equal(probed, before - lost, 'ffprobe agrees');
  const root = path.join(folder, '../../../..');
  const { segments, unreadable } = await readFolderSegments(
    folderReader(root),
    FOLDER,
    'cam1',
    () => true,
  );
  t.same(unreadable, []);
  const files = (await readdir(folder)).filter((name) =>
    /^(audio_)?seg_\d+\.(webm|m4s)$/.test(name),
  );
  t.equal(segments.length, files.length, 'and the index can be made of the files');
  const codecs = segments.filter(({ kind }) => kind === 'video').map(({ codec }) => codec);
  t.ok(codecs.every((codec) => codec === 'vp8'));
}

async function cut(file: string, bytes: number): Promise<void> {
  await truncate(file, (await readFile(file)).length - bytes);
}

/** Flips a byte of the last cluster of a file. @param at from where the cluster begins */
async function flip(file: string, at: number): Promise<void> {
  const bytes = await readFile(file);
  const position = bytes.lastIndexOf(CLUSTER) + at;
  await overwrite(file, position, Buffer.of(bytes[position]! ^ 0x5a));
}
