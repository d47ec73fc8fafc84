import t from 'tap';
import { readMpd } from './read-mpd.ts';

const MPD = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
  availabilityStartTime="1970-01-01T00:00:00Z" minimumUpdatePeriod="PT2S">
  <Period id="p1" start="PT1H0M1.5S">
    <AdaptationSet contentType="video" mimeType="video/mp4">
      <SegmentTemplate timescale="90000" presentationTimeOffset="7" initialization="init_$RepresentationID$.m4s"
        media="seg_$Number%04d$.m4s" startNumber="9999">
        <SegmentTimeline><S t="7" d="180000" r="1"/><S d="90000"/><S t="1000000" d="3"/></SegmentTimeline>
      </SegmentTemplate>
      <Representation id="v" codecs="avc1.42e01f" bandwidth="1000" width="320" height="180"/>
    </AdaptationSet>
  </Period>
  <Period start="P1DT2S"/>
</MPD>`;

t.test('a manifest is read', async (t) => {
  const mpd = readMpd(MPD);
  t.equal(mpd.type, 'dynamic');
  t.equal(mpd.availabilityStartTime, 0);
  t.equal(mpd.minimumUpdatePeriod, 2);
  t.same(
    mpd.periods.map(({ id, start, duration }) => [id, start, duration]),
    [
      ['p1', 3601.5, undefined],
      [undefined, 86_402, undefined],
    ],
  );
  const [set] = mpd.periods[0]!.adaptationSets;
  t.match(set, {
    contentType: 'video',
    mimeType: 'video/mp4',
    codecs: 'avc1.42e01f',
    width: 320,
    height: 180,
    timescale: 90_000,
    presentationTimeOffset: 7,
    initialization: 'init_v.m4s',
  });
  t.same(set!.segments, [
    { number: 9999, time: 7, duration: 180_000, file: 'seg_9999.m4s' },
    { number: 10_000, time: 180_007, duration: 180_000, file: 'seg_10000.m4s' },
    { number: 10_001, time: 360_007, duration: 90_000, file: 'seg_10001.m4s' },
    { number: 10_002, time: 1_000_000, duration: 3, file: 'seg_10002.m4s' },
  ]);
});

t.test('what is no manifest is refused', async (t) => {
  t.throws(() => readMpd(''), /no MPD/);
  t.throws(() => readMpd(MPD.replace('"dynamic"', '"live"')), /MPD@type is live/);
  t.throws(() => readMpd(MPD.replace('d="90000"', '')), /S@d is missing/);
  t.throws(() => readMpd(MPD.replace('PT2S', '2')), /not a duration/);
  t.throws(() => readMpd(MPD.replace('$Number%04d$', '$Nummer$')), /unknown identifier/);
});
