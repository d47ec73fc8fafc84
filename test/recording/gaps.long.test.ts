import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { readMpd } from '../../src/manifest/mpd-reader.ts';
import { requireChromium } from '../chromium/launch.ts';
import { type PlayerName, playRecording, playToTheEnd } from '../manifest/player-page.ts';
import type { Recording } from '../manifest/two-periods.ts';
import { repeat } from '../thoroughness.ts';
import { type SimulatedOptions, SimulatedPublisher } from './simulated-publisher.ts';

const FOLDER = 'cam1/2026/03/04';
const PLAYERS: PlayerName[] = ['dash.js', 'shaka'];

interface Gap {
  name: string;
  options?: SimulatedOptions;
  record(publisher: SimulatedPublisher): Promise<void>;
  /** How long the last picture is shown, s; a black one up to one and a half. */
  lastSeconds?: number;
  /** What each Period has. */
  periods: string[];
}

const gaps: Gap[] = [
  {
    name: 'a publisher that falls silent',
    record: async (publisher) => {
      await publisher.run(3);
      await publisher.run(6.99, () => true);
      await publisher.run(3);
    },
    periods: ['video audio', 'video audio'],
  },
  {
    name: 'sound that is muted',
    record: async (publisher) => {
      await publisher.run(3);
      await publisher.run(6, (kind) => kind === 'audio');
      await publisher.run(3);
    },
    periods: ['video audio'],
  },
  {
    name: 'a picture that is paused',
    record: async (publisher) => {
      await publisher.run(3);
      await publisher.run(8.99, (kind) => kind === 'video');
      await publisher.run(4);
    },
    periods: ['video audio', 'video audio', 'video audio'],
  },
  {
    name: 'a picture each seven seconds',
    options: { stillSeconds: 7 },
    record: (publisher) => publisher.run(20),
    lastSeconds: 4,
    periods: ['video audio'],
  },
  {
    name: 'a picture that begins 20 s after the sound',
    record: async (publisher) => {
      await publisher.run(19.99, (kind) => kind === 'video');
      await publisher.run(5);
    },
    periods: ['video audio', 'video audio'],
  },
  {
    name: 'sound that begins 8 s after the picture',
    record: async (publisher) => {
      await publisher.run(7.99, (kind) => kind === 'audio');
      await publisher.run(4);
    },
    periods: ['video audio'],
  },
  {
    name: 'a picture that ends before the sound',
    record: async (publisher) => {
      await publisher.run(3);
      // Black follows once the picture was held for 8 s.
      await publisher.run(14, (kind) => kind === 'video');
    },
    periods: ['video audio', 'video audio'],
  },
  {
    name: 'sound alone',
    options: { video: false },
    record: (publisher) => publisher.run(6),
    periods: ['audio'],
  },
  {
    name: 'a picture alone',
    options: { audio: false },
    record: (publisher) => publisher.run(6),
    periods: ['video'],
  },
];

// The first five are what players fail at first; the others are for where nobody waits.
for (const { name, options, record, periods, lastSeconds = 1.5 } of repeat(
  gaps,
  gaps.slice(0, 5),
)) {
  t.test(name, async (t) => {
    const browser = await requireChromium(t);
    if (browser === undefined) return;
    const publisher = new SimulatedPublisher(t, {
      videoReportUs: 0,
      audioReportUs: 0,
      ...options,
    });
    await record(publisher);
    await publisher.recording.close();
    const recording = readRecording(path.join(publisher.root, FOLDER));
    const found = recording.presentation.periods.map((period) =>
      (['video', 'audio'] as const).filter((kind) => period[kind] !== undefined).join(' '),
    );
    t.same(found, periods);
    let lengthSeconds = 0;
    for (const period of recording.presentation.periods) {
      const { timeline, timescale } = (period.video ?? period.audio)!;
      lengthSeconds += (timeline.endTicks - timeline.startTicks) / timescale;
    }
    await Promise.all(
      PLAYERS.map(async (player) => {
        const page = await playRecording(t, browser, player, recording);
        const { errors, frames, endedAt } = await playToTheEnd(page, 4);
        t.same(errors, [], `${player}: no errors`);
        t.ok(
          Math.abs(endedAt - lengthSeconds) < 0.2,
          `${player} plays ${lengthSeconds} s to ${endedAt}`,
        );
        const hasPicture = periods.at(-1)!.startsWith('video');
        if (hasPicture) {
          const last = frames.at(-1)?.time ?? 0;
          t.ok(last > lengthSeconds - lastSeconds - 0.1, `${player} shows a picture of ${last}`);
        }
      }),
    );
  });
}

function readRecording(folder: string): Recording {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder)) files.set(name, readFileSync(path.join(folder, name)));
  return { presentation: readMpd(files.get('manifest.mpd')!.toString()), files };
}
