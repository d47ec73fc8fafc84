import { copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { isDamaged } from '../../src/verification/finding.ts';
import { verifyRecording } from '../../src/verification/verify-recording.ts';
import {
  copyRecording,
  FOLDER,
  overwrite,
  placeOf,
  recordTwoPeriods,
} from './damaged-recording.ts';

const publisher = await recordTwoPeriods(t);
const whole = path.join(publisher.root, FOLDER);

t.test('a recording without damage', async (t) => {
  const verification = await verifyRecording(whole);
  t.equal(isDamaged(verification), false);
  t.match(verification.findings, [{ kind: 'gap', message: /^nothing for 9\.98\d s/ }]);
  for (const kind of ['video', 'audio'] as const) {
    const segments = publisher.of(kind);
    const extents = verification.periods.map((period) => period[kind]!);
    t.equal(extents.length, 2);
    t.equal(extents[0]!.startUs, segments[0]!.startUs);
    t.equal(extents[1]!.endUs, segments.at(-1)!.endUs);
    t.equal(
      extents.reduce((sum, extent) => sum + extent.segments, 0),
      segments.length,
    );
    t.equal(
      extents.reduce((sum, extent) => sum + extent.bytes, 0),
      segments.reduce((sum, segment) => sum + segment.size, 0),
    );
  }
  const { video, audio } = verification.periods[0]!;
  t.same([video!.samples, audio!.samples], [271, 451], 'each frame and packet of 9 s');
});

/** What is done to a copy, and what has to be found for it: kind, file and part of the message. */
const DAMAGES: Record<
  string,
  { damage(folder: string): Promise<unknown>; found: [string, string | undefined, RegExp][] }
> = {
  'a segment is deleted': {
    damage: (folder) => rm(path.join(folder, 'seg_0003.m4s')),
    found: [['missing', 'seg_0003.m4s', /the file does not exist/]],
  },
  'a segment is cut in the middle of a chunk': {
    damage: (folder) => truncate(path.join(folder, 'seg_0002.m4s'), 40_000),
    found: [['torn', 'seg_0002.m4s', /^an mdat of \d+ bytes is cut short, at byte \d+ of 40000$/]],
  },
  'a segment is empty': {
    damage: (folder) => truncate(path.join(folder, 'audio_seg_0002.m4s'), 0),
    found: [['torn', 'audio_seg_0002.m4s', /^0 bytes without a sample$/]],
  },
  'a byte of a box is flipped': {
    damage: async (folder) => {
      const file = path.join(folder, 'audio_seg_0004.m4s');
      await overwrite(file, await placeOf(file, 'trun', 10), Buffer.from([0xff]));
    },
    found: [['torn', 'audio_seg_0004.m4s', /^the boxes of a moof are damaged, at byte 0 of/]],
  },
  'the length of a NAL unit is flipped': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0004.m4s');
      await overwrite(file, await placeOf(file, 'mdat', 4), Buffer.from([0x40]));
    },
    found: [['undecodable', 'seg_0004.m4s', /^sample 0 has a NAL unit of 107\d+ bytes/]],
  },
  'a sound packet is overwritten': {
    damage: async (folder) => {
      const file = path.join(folder, 'audio_seg_0001.m4s');
      // Code 3 with no frame.
      await overwrite(file, await placeOf(file, 'mdat', 4), Buffer.from([0x03, 0x00]));
    },
    found: [['undecodable', 'audio_seg_0001.m4s', /^sample 0 is not an Opus packet/]],
  },
  'a segment lies elsewhere in time': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0008.m4s');
      const at = await placeOf(file, 'tfdt', 8);
      const time = (await readFile(file)).readBigUInt64BE(at) + 90_000n;
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(time);
      await overwrite(file, at, bytes);
    },
    found: [['times', 'seg_0008.m4s', /^begins 1\.000 s off the manifest and lasts 0\.000 s/]],
  },
  'a chunk of a segment lies elsewhere in time': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0003.m4s');
      const second = (await readFile(file)).lastIndexOf('tfdt') + 8;
      await overwrite(file, second + 7, Buffer.from([0xff]));
    },
    found: [['times', 'seg_0003.m4s', /^the chunk at byte \d+ begins at \d+, the previous one/]],
  },
  'a segment is renamed': {
    damage: (folder) =>
      rename(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0030.m4s')),
    found: [
      ['missing', 'seg_0003.m4s', /the file does not exist/],
      ['unlisted', 'seg_0030.m4s', /2 complete chunks, 60 samples/],
    ],
  },
  'a segment is there twice': {
    damage: (folder) => copyFile(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_3.m4s')),
    found: [
      ['duplicate', 'seg_3.m4s', /number 3 was used for seg_0003.m4s too/],
      ['unlisted', 'seg_3.m4s', /not in the manifest/],
    ],
  },
  'two segments are exchanged': {
    damage: async (folder) => {
      const [a, b] = [path.join(folder, 'seg_0002.m4s'), path.join(folder, 'seg_0003.m4s')];
      await rename(a, `${a}.x`);
      await rename(b, a);
      await rename(`${a}.x`, b);
    },
    found: [
      ['times', 'seg_0002.m4s', /^begins 2\.000 s off/],
      ['times', 'seg_0003.m4s', /^begins -2\.000 s off/],
    ],
  },
  'a part file is left': {
    damage: (folder) =>
      copyFile(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0009.m4s.part')),
    found: [['part', 'seg_0009.m4s.part', /2 complete chunks, 60 samples$/]],
  },
  'a segment lost its beginning': {
    damage: async (folder) => {
      const file = path.join(folder, 'seg_0001.m4s');
      await writeFile(file, (await readFile(file)).subarray(100));
    },
    found: [['torn', 'seg_0001.m4s', /at byte 0 of/]],
  },
  'an initialization segment is deleted': {
    damage: (folder) => rm(path.join(folder, 'init.m4s')),
    found: [
      ['initialization', 'init.m4s', /the file does not exist/],
      ['initialization', 'init.m4s', /the file does not exist/],
    ],
  },
  'an initialization segment is flipped': {
    damage: async (folder) => {
      const file = path.join(folder, 'audio_init.m4s');
      await overwrite(file, await placeOf(file, 'stsd', 0), Buffer.from('x'));
    },
    found: [
      ['initialization', 'audio_init.m4s', /cannot be read/],
      ['initialization', 'audio_init.m4s', /cannot be read/],
    ],
  },
  'an initialization segment is of another codec': {
    damage: async (folder) => {
      const file = path.join(folder, 'init.m4s');
      await overwrite(file, await placeOf(file, 'avcC', 5), Buffer.from([0x64]));
    },
    found: [
      ['initialization', 'init.m4s', /codecs is avc1\.64c00d, in the manifest avc1\.42c00d/],
      ['initialization', 'init.m4s', /codecs/],
    ],
  },
  'the manifest is cut': {
    damage: (folder) => truncate(path.join(folder, 'manifest.mpd'), 1500),
    found: [
      ['manifest', 'manifest.mpd', /does not end with <\/MPD>/],
      ...Array.from({ length: 16 }, (): [string, string | undefined, RegExp] => [
        'unlisted',
        undefined,
        /samples/,
      ]),
    ],
  },
  'the manifest is of another day': {
    damage: (folder) => rewrite(folder, (text) => text.replace('2026-03-04T00', '2026-03-03T00')),
    found: [
      ['manifest', 'manifest.mpd', /is for 2026-03-03, but its folder is for 2026-03-04/],
      ...Array.from({ length: 16 }, (): [string, string | undefined, RegExp] => [
        'times',
        undefined,
        /not on the day/,
      ]),
    ],
  },
  'the recorder died': {
    damage: (folder) => rewrite(folder, (text) => text.replace('type="static"', 'type="dynamic"')),
    found: [['unfinished', 'manifest.mpd', /but no recorder is$/]],
  },
  'a segment is cut out of a Period': {
    damage: async (folder) => {
      // The third segment goes; the two behind it take the numbers up to it.
      for (const [from, to] of [
        [4, 3],
        [5, 4],
      ]) {
        await rename(
          path.join(folder, `seg_000${from}.m4s`),
          path.join(folder, `seg_000${to}.m4s`),
        );
      }
      await rewrite(folder, (text) =>
        text.replace(
          '<S t="159536304000000" d="180000" r="3"/><S d="93000"/>',
          '<S t="159536304000000" d="180000" r="1"/><S t="159536304540000" d="180000"/><S d="93000"/>',
        ),
      );
    },
    found: [['hole', 'seg_0003.m4s', /^2\.000 s of media are missing before it$/]],
  },
  'two Periods cover the same time': {
    damage: (folder) =>
      rewrite(folder, (text) => {
        const period = /<Period id="p2"[\s\S]*<\/Period>\n/.exec(text)![0];
        return text.replace(period, period + period.replaceAll('"p2"', '"p3"'));
      }),
    found: [
      ...Array.from({ length: 6 }, (): [string, string | undefined, RegExp] => [
        'duplicate',
        undefined,
        /Periods p2 and p3/,
      ]),
      ['overlap', undefined, /video of Period p3 begins 5\.013 s too early/],
      ['overlap', undefined, /audio of Period p3 begins 5\.000 s too early/],
    ],
  },
};

for (const [name, { damage, found }] of Object.entries(DAMAGES)) {
  t.test(name, async (t) => {
    const folder = await copyRecording(t, publisher.root, name);
    await damage(folder);
    const verification = await verifyRecording(folder);
    t.equal(isDamaged(verification), true);
    const damages = verification.findings.filter((finding) => finding.damage);
    t.match(
      damages,
      found.map(([kind, file, message]) => ({ kind, message, ...(file && { file }) })),
    );
    t.equal(damages.length, found.length, 'and nothing else');
  });
}

t.test('what is worth a word and no damage', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'notes');
  await writeFile(path.join(folder, 'notes.txt'), 'hello');
  await writeFile(path.join(folder, 'seg_0099.m4s.damaged'), 'x');
  await writeFile(path.join(folder, 'manifest.mpd.part'), '<MPD');
  await rewrite(folder, (text) => text.replace('bandwidth="46000"', 'bandwidth="96000"'));
  const verification = await verifyRecording(folder);
  t.equal(isDamaged(verification), false);
  t.same(verification.findings.map(({ kind }) => kind).sort(), [
    'foreign',
    'gap',
    'live',
    'set aside',
    'size',
  ]);
});

t.test('what a running recorder has not finished is no damage', async (t) => {
  const folder = await copyRecording(t, publisher.root, 'live');
  await rewrite(folder, (text) => text.replace('type="static"', 'type="dynamic"'));
  await copyFile(path.join(folder, 'seg_0003.m4s'), path.join(folder, 'seg_0009.m4s.part'));
  t.equal(isDamaged(await verifyRecording(folder, { live: true })), false);
  t.equal(isDamaged(await verifyRecording(folder)), true);
  await rm(path.join(folder, 'seg_0003.m4s'));
  t.equal(isDamaged(await verifyRecording(folder, { live: true })), true, 'a lost segment is');
});

async function rewrite(folder: string, change: (text: string) => string): Promise<void> {
  const file = path.join(folder, 'manifest.mpd');
  const text = await readFile(file, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error('the manifest did not change');
  await writeFile(file, changed);
}
