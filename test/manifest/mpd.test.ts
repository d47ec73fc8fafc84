import { XMLParser } from 'fast-xml-parser';
import t from 'tap';
import { writeMpd } from '../../src/manifest/mpd.ts';
import { ManifestError, readMpd } from '../../src/manifest/mpd-reader.ts';
import { SegmentTimeline } from '../../src/manifest/segment-timeline.ts';
import { audioTrack, DAY_US, presentation, videoTrack } from './day.ts';

const HOUR_US = 3600e6;
const OPTIONS = { nowUs: DAY_US + 2 * HOUR_US, utcTimingUrl: 'http://127.0.0.1:7778/time?a=1&b=2' };

interface Parsed {
  MPD: Record<string, string> & {
    Period: (Record<string, string> & {
      AdaptationSet?: (Record<string, string> & {
        SegmentTemplate: Record<string, string> & {
          SegmentTimeline: { S: Record<string, string>[] };
        };
        Representation: Record<string, string>;
      })[];
    })[];
    UTCTiming?: Record<string, string>;
  };
}

function parse(text: string): Parsed['MPD'] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => ['Period', 'AdaptationSet', 'S'].includes(name),
  });
  return (parser.parse(text) as Parsed).MPD;
}

const twoPeriods = (live: boolean) =>
  presentation(
    [
      {
        id: '1',
        ended: true,
        video: videoTrack(HOUR_US, [900_000, 900_000, 450_000]),
        audio: audioTrack(HOUR_US - 123_456, [480_000, 480_000, 245_760]),
      },
      {
        id: '2',
        ended: false,
        video: { ...videoTrack(HOUR_US + 60e6 + 7, [1_350_000]), startNumber: 4, width: 640 },
        audio: { ...audioTrack(HOUR_US + 60e6 + 250_000, [720_960]), startNumber: 4 },
      },
    ],
    live,
  );

t.test('live: Periods stand at their wall-clock starts', async (t) => {
  const mpd = parse(writeMpd(twoPeriods(true), OPTIONS));
  t.match(mpd, {
    type: 'dynamic',
    availabilityStartTime: '2025-07-24T00:00:00.000Z',
    publishTime: '2025-07-24T02:00:00.000Z',
    minimumUpdatePeriod: 'PT2S',
    maxSegmentDuration: 'PT15.02S',
    suggestedPresentationDelay: 'PT19.02S',
    profiles: 'urn:mpeg:dash:profile:isoff-live:2011',
    minBufferTime: 'PT2S',
    UTCTiming: {
      schemeIdUri: 'urn:mpeg:dash:utc:http-xsdate:2014',
      value: OPTIONS.utcTimingUrl,
    },
  });
  t.notOk('timeShiftBufferDepth' in mpd, 'the whole day can be watched');
  t.notOk('mediaPresentationDuration' in mpd);
  // 3600 s less 123,456 µs, rounded down to what both timescales can say, 1/6000 s.
  t.equal(mpd.Period[0]!.start, 'PT3599.8765S');
  t.equal(mpd.Period[1]!.start, 'PT3660S');
  for (const period of mpd.Period) {
    t.notOk('duration' in period, 'dash.js sticks at the gap that it announces');
  }
});

t.test('both tracks of a Period share one instant', async (t) => {
  const starts = [0, 1, 11, 111_111, 333_333, 499_999, 500_000];
  for (const videoUs of starts) {
    for (const audioUs of starts) {
      const day = presentation(
        [
          {
            id: '1',
            ended: false,
            video: videoTrack(HOUR_US + videoUs, [900_000]),
            audio: audioTrack(HOUR_US + audioUs, [480_000]),
          },
        ],
        true,
      );
      const [period] = parse(writeMpd(day, OPTIONS)).Period;
      const [video, audio] = period!.AdaptationSet!.map(({ SegmentTemplate }) => ({
        offset: Number(SegmentTemplate.presentationTimeOffset) / Number(SegmentTemplate.timescale),
        first: Number(SegmentTemplate.SegmentTimeline.S[0]!.t) / Number(SegmentTemplate.timescale),
      }));
      const name = `video +${videoUs} µs, audio +${audioUs} µs`;
      t.equal(video!.offset, audio!.offset, name);
      const lead = Math.min(video!.first, audio!.first) - video!.offset;
      t.ok(lead >= 0 && lead < 0.001, `nothing is cut off, nothing is late: ${lead}`);
      // Players work this out as the place of the media on their timeline: it must not move when
      // the other track's first segment comes in.
      const start = Number(period!.start!.slice(2, -1));
      t.ok(Math.abs(start - (video!.offset - DAY_US / 1e6)) < 2e-6, 'Period@start says the same');
    }
  }
});

t.test('static: Periods are packed back to back', async (t) => {
  const mpd = parse(writeMpd(twoPeriods(false), OPTIONS));
  t.equal(mpd.type, 'static');
  for (const name of ['publishTime', 'minimumUpdatePeriod', 'timeShiftBufferDepth', 'UTCTiming']) {
    t.notOk(name in mpd, name);
  }
  t.equal(mpd.Period[0]!.start, 'PT0S');
  // From 3599.8765 s to the end of the audio at 3599.876544 + 25.12 or of the video at 3625 s.
  t.equal(mpd.Period[1]!.start, 'PT25.1235S');
  // From 60.000 s to the end of the audio at 60.25 + 15.02 s.
  t.equal(mpd.mediaPresentationDuration, 'PT40.3935S');
  t.notOk(mpd.Period.some((period) => 'duration' in period));
});

t.test('tracks', async (t) => {
  const mpd = parse(writeMpd(twoPeriods(true), OPTIONS));
  const [video, audio] = mpd.Period[1]!.AdaptationSet!;
  t.match(video, {
    id: '1',
    contentType: 'video',
    mimeType: 'video/mp4',
    segmentAlignment: 'true',
    startWithSAP: '1',
    Role: { schemeIdUri: 'urn:mpeg:dash:role:2011', value: 'main' },
    SegmentTemplate: {
      timescale: '90000',
      initialization: 'init.m4s',
      media: 'seg_$Number%04d$.m4s',
      startNumber: '4',
    },
    Representation: {
      codecs: 'avc1.42e01f',
      // 250,000 bytes in 15 s are 133,333 bit/s.
      bandwidth: '133000',
      width: '640',
      height: '720',
    },
  });
  t.match(audio, {
    id: '2',
    contentType: 'audio',
    mimeType: 'audio/mp4',
    SegmentTemplate: { timescale: '48000', media: 'audio_seg_$Number%04d$.m4s' },
    Representation: {
      codecs: 'opus',
      audioSamplingRate: '48000',
      bandwidth: '4000',
      AudioChannelConfiguration: {
        schemeIdUri: 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011',
        value: '2',
      },
    },
  });
  t.notOk('frameRate' in video!.Representation);
  t.notOk('width' in audio!.Representation);
});

t.test('the delay follows what the last Period does', async (t) => {
  const delay = (durations: number[]) =>
    parse(
      writeMpd(
        presentation([{ id: '1', ended: false, video: videoTrack(0, durations) }], true),
        OPTIONS,
      ),
    ).suggestedPresentationDelay;
  t.equal(delay([180_000]), 'PT14S', 'a short segment at the end of a Period says nothing');
  t.equal(delay([900_000, 2_250_000]), 'PT29S', 'keyframes 25 s apart');
});

t.test('what has no segment is left out', async (t) => {
  const day = presentation(
    [
      { id: 'none', ended: true, video: videoTrack(0, []), audio: audioTrack(0, []) },
      {
        id: 'video only',
        ended: true,
        video: videoTrack(1e6, [900_000]),
        audio: audioTrack(0, []),
      },
      { id: 'audio only', ended: false, audio: audioTrack(20e6, [480_000]) },
      { id: 'nothing', ended: false },
    ],
    true,
  );
  const mpd = parse(writeMpd(day, OPTIONS));
  t.match(mpd.Period, [{ id: 'video only' }, { id: 'audio only' }]);
  t.equal(mpd.Period.length, 2);
  t.match(mpd.Period[0]!.AdaptationSet, { length: 1 });
  t.match(mpd.Period[1]!.AdaptationSet, { length: 1 });
});

t.test('a live presentation before its first segment', async (t) => {
  const mpd = parse(writeMpd(presentation([], true), OPTIONS));
  t.same(mpd.Period, [{ id: 'empty', start: 'PT0S' }], 'the schema demands a Period');
  t.equal(mpd.minimumUpdatePeriod, 'PT2S');
});

t.test('names are escaped', async (t) => {
  const name = `a<b>&"c'.m4s`;
  const video = { ...videoTrack(0, [900_000]), initialization: name };
  const text = writeMpd(presentation([{ id: name, ended: true, video }], false), OPTIONS);
  const mpd = parse(text);
  t.equal(mpd.Period[0]!.id, name);
  t.equal(mpd.Period[0]!.AdaptationSet![0]!.SegmentTemplate.initialization, name);
  t.equal(readMpd(text).periods[0]!.video!.initialization, name);
});

t.test('reading back and writing again gives the same text', async (t) => {
  const odd = new SegmentTimeline();
  const start = Math.round((DAY_US / 1e6) * 90_000) + 12_345;
  let time = start;
  for (let i = 0; i < 500; i++) {
    const duration = 900_000 + ((i * 7919) % 11) * 3000;
    odd.add(time, duration);
    time += duration + (i % 97 === 0 ? 1234 : 0);
  }
  const presentations = [
    twoPeriods(true),
    presentation([], true),
    presentation([{ id: 'a', ended: false, audio: audioTrack(0, [960, 960, 960]) }], true),
    presentation(
      [
        {
          id: 'b',
          ended: false,
          video: { ...videoTrack(0, []), timeline: odd, bytes: 123_456_789 },
        },
      ],
      true,
    ),
    { ...twoPeriods(true), segmentSeconds: 2.5 },
    presentation(
      [{ id: 'c', ended: false, video: { ...videoTrack(5e6, [3000]), bytes: 1 } }],
      true,
    ),
  ];
  for (const live of [true, false]) {
    for (const [i, original] of presentations.entries()) {
      const text = writeMpd({ ...original, live }, OPTIONS);
      const again = readMpd(text);
      t.equal(writeMpd(again, OPTIONS), text, `presentation ${i}, live ${live}`);
      t.match(again, { dayStartUs: DAY_US, live });
    }
  }
});

t.test('what is read back', async (t) => {
  const { periods, segmentSeconds } = readMpd(writeMpd(twoPeriods(true), OPTIONS));
  t.equal(segmentSeconds, 15.02, 'the longest of the last Period');
  t.match(periods, [
    { id: '1', ended: true, video: { startNumber: 1, timeline: { count: 3 } } },
    { id: '2', ended: true, video: { startNumber: 4, width: 640, timeline: { count: 1 } } },
  ]);
  const original = twoPeriods(true).periods[0]!;
  for (const kind of ['video', 'audio'] as const) {
    const { timeline, bytes, ...rest } = original[kind]!;
    const read = periods[0]![kind]!;
    t.match(read, rest);
    t.equal(read.timeline.startTicks, timeline.startTicks);
    t.equal(read.timeline.endTicks, timeline.endTicks);
    t.ok(Math.abs(read.bytes - bytes) < (500 / 8) * 26, 'bytes to half a kbit/s');
  }
  t.doesNotThrow(() => periods[1]!.video!.timeline.add(Number.MAX_SAFE_INTEGER - 10, 5));
});

t.test('a timeline that is written otherwise says the same', async (t) => {
  const text = writeMpd(twoPeriods(true), OPTIONS);
  const timelines = (manifest: string) =>
    readMpd(manifest).periods.map(({ video }) => [...video!.timeline.segments()]);
  const expected = timelines(text);
  for (const [name, changed] of [
    ['elements with an end', text.replaceAll(/(<S [^>]*)\/>/g, '$1></S>')],
    ['white space', text.replaceAll('<S ', '\n <S\t')],
    ['a comment', text.replaceAll('</SegmentTimeline>', '<!-- r --></SegmentTimeline>')],
  ] as const) {
    t.not(changed, text);
    t.same(timelines(changed), expected, name);
  }
  const forged = text.replace(
    /<SegmentTimeline>.*?<\/SegmentTimeline>/,
    '<SegmentTimeline out="1"/>',
  );
  t.throws(() => readMpd(forged), { message: /SegmentTimeline has no S/ });
});

t.test('sound whose files count time otherwise than in samples', async (t) => {
  const audio = { ...audioTrack(0, [480_000]), samplingRate: 24_000 };
  const text = writeMpd(presentation([{ id: '1', ended: true, audio }], true), OPTIONS);
  t.match(parse(text).Period[0]!.AdaptationSet![0]!.Representation, { audioSamplingRate: '24000' });
  t.equal(readMpd(text).periods[0]!.audio!.samplingRate, 24_000);
  const usual = readMpd(writeMpd(twoPeriods(true), OPTIONS));
  t.notOk('samplingRate' in usual.periods[0]!.audio!, 'the timescale tells it');
});

t.test('the profile is the full one where any track is in WebM', async (t) => {
  const mixed = twoPeriods(true);
  const { video } = mixed.periods[1]!;
  mixed.periods[1]!.video = { ...video!, container: 'webm', codecs: 'vp8' };
  const text = writeMpd(mixed, OPTIONS);
  t.equal(parse(text).profiles, 'urn:mpeg:dash:profile:full:2011');
  t.equal(writeMpd(readMpd(text), OPTIONS), text);
});

t.test('the shape of samples that are not square', async (t) => {
  const sampleAspectRatio = { width: 12, height: 11 };
  const video = { ...videoTrack(0, [900_000]), sampleAspectRatio };
  const text = writeMpd(presentation([{ id: '1', ended: true, video }], true), OPTIONS);
  t.match(parse(text).Period[0]!.AdaptationSet![0]!.Representation, { sar: '12:11' });
  t.strictSame(readMpd(text).periods[0]!.video!.sampleAspectRatio, sampleAspectRatio);
  for (const sar of ['12', '0:1', '4:3:2', '12:-11']) {
    t.throws(() => readMpd(text.replace('"12:11"', `"${sar}"`)), { message: /@sar/ });
  }
});

t.test('what we did not write is refused', async (t) => {
  const text = writeMpd(twoPeriods(true), OPTIONS);
  const replace = (from: string | RegExp, to: string) => {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`nothing to replace: ${from}`);
    return changed;
  };
  const cases: [name: string, text: string, message: RegExp][] = [
    ['nothing', '', /end with/],
    ['no XML', 'hello </MPD>', /MPD/],
    ['another document', '<svg></svg><!-- </MPD>', /./],
    ['an empty MPD', '<MPD></MPD>', /MPD/],
    ['another profile', replace('isoff-live:2011', 'isoff-on-demand:2011'), /MPD@profiles/],
    ['another type', replace('"dynamic"', '"living"'), /MPD@type/],
    ['no start', replace(/availabilityStartTime="[^"]*"/, ''), /availabilityStartTime is missing/],
    ['a start that is no date', replace('2025-07-24T00', 'today'), /availabilityStartTime/],
    ['a delay in hours', replace('PT19.02S', 'PT1H'), /suggestedPresentationDelay/],
    ['a delay of nothing', replace('PT19.02S', 'PT0S'), /suggestedPresentationDelay/],
    ['ids twice', replace('<Period id="2"', '<Period id="1"'), /stands twice/],
    ['no id', replace('<Period id="2"', '<Period'), /Period@id/],
    ['a subtitle track', replace('"audio" mimeType', '"text" mimeType'), /contentType is "text"/],
    ['two video tracks', replace('contentType="audio"', 'contentType="video"'), /media is/],
    ['other file names', replace('seg_$Number', 'chunk_$Number'), /SegmentTemplate@media/],
    ['another container', replace('"video/mp4"', '"video/webm"'), /mimeType is "video\/webm"/],
    ['a timescale of 0', replace('timescale="90000"', 'timescale="0"'), /timescale/],
    ['a number in hexadecimal', replace('startNumber="4"', 'startNumber="0x4"'), /startNumber/],
    ['a number that overflows', replace('startNumber="4"', 'startNumber="1e9"'), /startNumber/],
    ['a negative repeat', replace(' r="1"', ' r="-1"'), /S@r/],
    ['a repeat that fills memory', replace(' r="1"', ' r="9007199254740991"'), /S@r/],
    ['no first time', replace(/<S t="\d+"/, '<S'), /first S has no t/],
    ['a segment of no duration', replace('d="900000"', 'd="0"'), /duration/],
    ['no timeline', replace(/<SegmentTimeline>.*?<\/SegmentTimeline>/, ''), /SegmentTimeline/],
    ['overlapping', replace('<S d="450000"/>', '<S t="5" d="450000"/>'), /before the last one/],
    ['no representation', replace(/<Representation [^>]*\/>/, ''), /Representation/],
  ];
  for (const [name, changed, message] of cases) {
    t.throws(() => readMpd(changed), { name: 'ManifestError', message }, name);
  }
  t.ok(new ManifestError('x') instanceof Error);
});

t.test('a manifest that was cut is never taken for a shorter one', async (t) => {
  const text = writeMpd(twoPeriods(false), OPTIONS);
  const whole = text.trimEnd().length;
  for (let length = 0; length < whole; length++) {
    try {
      readMpd(text.slice(0, length));
      t.fail(`cut at ${length}`);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
    }
  }
  t.doesNotThrow(() => readMpd(text));
});

t.test('a day of segments takes little room', async (t) => {
  // 2 s segments of frames that do not divide them evenly: the worst that a day brings.
  const durations = Array.from({ length: 43_200 }, (_, i) => 180_000 + ((i % 3) - 1) * 30);
  const text = writeMpd(
    presentation([{ id: '1', ended: false, video: videoTrack(0, durations) }], true),
    OPTIONS,
  );
  t.ok(text.length < 800_000, `${text.length} bytes`);
  t.equal(readMpd(text).periods[0]!.video!.timeline.count, 43_200);
});
