import { GrowingMpd } from '../../src/manifest/growing-mpd.ts';
import { withPeriods } from '../../src/manifest/merge.ts';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { ManifestError, readMpd } from '../../src/manifest/mpd-reader.ts';
import type {
  ManifestPeriod,
  ManifestTrack,
  Presentation,
} from '../../src/manifest/presentation.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import { Decisions } from '../decisions.ts';
import { type FuzzTarget, must } from '../target.ts';

const DAY_START_US = Date.UTC(2025, 6, 24) * 1000;
const NOW_US = DAY_START_US + 3600e6;
const PROGRAM = Buffer.from('0a0100014100000a3c3c3c3c0200614200000a3c3c3c01004143000a3c3c', 'hex');

/** A manifest as text, then a presentation that is written and read back. */
export const target: FuzzTarget = {
  covers: [
    'src/manifest/mpd-reader.ts',
    'src/manifest/growing-mpd.ts',
    'src/manifest/mpd.ts',
    'src/manifest/segment-timeline.ts',
  ],
  maxBytes: 512 * 1024,
  lines: true,
  dictionary: [
    ...[
      '<S d="900000" r="5"/>',
      '<S t="1" d="2"/>',
      ' r="1727999"',
      ' t="9007199254740991"',
      '</MPD>',
    ],
    ...['<Period id="2" start="PT5S">', '</Period>', '<AdaptationSet>', '</AdaptationSet>', '&lt;'],
    ...[
      '<!DOCTYPE a [<!ENTITY b "c">]>',
      '&b;',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?x?>',
      '&#x0;',
    ],
    ...['<__proto__>', '</__proto__>', ' constructor="1"', ' type="static"', ' toString="x"'],
  ],
  seeds: () => [
    PROGRAM,
    Buffer.from(writeMpd(presentationOf(new Decisions(PROGRAM)), { nowUs: NOW_US })),
    Buffer.from(
      writeMpd({ ...presentationOf(new Decisions(PROGRAM)), live: false }, { nowUs: NOW_US }),
    ),
  ],
  run(input) {
    checkText(input.toString());
    checkRoundTrip(new Decisions(input));
  },
};

function checkText(text: string): void {
  readGrowing(new GrowingMpd(), text);
  let read: Presentation;
  try {
    read = readMpd(text);
  } catch (error) {
    if (error instanceof ManifestError) return;
    throw error;
  }
  // The reader takes nothing that the writer could not write again.
  const written = writeMpd(read, { nowUs: NOW_US });
  must(written.length <= 2 * text.length + 4096, 'writing it again makes it no longer');
  const again = writeMpd(readMpd(written), { nowUs: NOW_US });
  must(again === written, 'once written by us it stays as it is');
  const growing = new GrowingMpd();
  readGrowing(growing, text);
  must(
    writeMpd(growing.read(written), { nowUs: NOW_US }) === written,
    'what was read before changes nothing',
  );
}

/** What no whole reader takes may be refused here as well. */
function readGrowing(growing: GrowingMpd, text: string): void {
  try {
    growing.read(text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
  }
}

function presentationOf(decisions: Decisions): Presentation {
  const periods: ManifestPeriod[] = [];
  let startSeconds = DAY_START_US / 1e6 + (decisions.size() % 80_000);
  for (let count = decisions.byte() & 7; count >= 0; count--) {
    const period: ManifestPeriod = {
      id: `${decisions.text().replace(/[^!-~]/g, '')}${count}`,
      ended: true,
    };
    const how = decisions.byte();
    const video = (how & 1) === 0 ? trackOf('video', startSeconds, decisions) : undefined;
    const audio = (how & 2) === 0 ? trackOf('audio', startSeconds, decisions) : undefined;
    if (video !== undefined) period.video = video;
    if (audio !== undefined) period.audio = audio;
    if (video !== undefined || audio !== undefined) periods.push(period);
    const ends = [video, audio].map((track) =>
      track === undefined ? startSeconds : track.timeline.endTicks / track.timescale,
    );
    startSeconds = Math.ceil(Math.max(...ends)) + decisions.byte();
  }
  return {
    dayStartUs: DAY_START_US,
    live: (decisions.byte() & 1) === 0,
    segmentSeconds: 10,
    periods,
  };
}

function trackOf(
  kind: 'video' | 'audio',
  startSeconds: number,
  decisions: Decisions,
): ManifestTrack {
  const timescale = kind === 'video' ? 90_000 : 48_000;
  const timeline = new SegmentTimeline();
  let ticks = startSeconds * timescale + (decisions.byte() & 0x3f);
  let bytes = 0;
  for (let count = decisions.byte() & 31; count >= 0; count--) {
    const duration = 1 + (decisions.size() % 10_000_000);
    timeline.add(ticks, duration);
    ticks += duration;
    const gap = decisions.byte();
    if (gap >= 0xf0) ticks += gap;
    bytes += decisions.size() % 10_000_000;
  }
  return {
    kind,
    container: 'mp4',
    codecs: kind === 'video' ? 'avc1.42e01f' : 'opus',
    timescale,
    initialization: `init_${decisions.byte()}.m4s`,
    startNumber: 1 + decisions.byte(),
    ...(kind === 'video' ? { width: 1 + decisions.byte(), height: 720 } : { channels: 2 }),
    timeline,
    bytes,
  };
}

function checkRoundTrip(decisions: Decisions): void {
  const presentation = presentationOf(decisions);
  const written = writeMpd(presentation, { nowUs: NOW_US });
  let read: Presentation;
  try {
    read = readMpd(written);
  } catch (error) {
    throw new Error(`what was written is not read: ${written}`, { cause: error });
  }
  must(read.periods.length === presentation.periods.length, 'each Period is read back');
  must(read.live === presentation.live, 'live or not is read back');
  const again = writeMpd(read, { nowUs: NOW_US });
  const rounded = /suggestedPresentationDelay="[^"]*"|maxSegmentDuration="[^"]*"|bandwidth="\d+"/g;
  must(
    again.replace(rounded, '') === written.replace(rounded, ''),
    'the same text is written again',
  );
  must(
    withPeriods(read, []).periods.length === read.periods.length,
    'nothing added is nothing lost',
  );
}
