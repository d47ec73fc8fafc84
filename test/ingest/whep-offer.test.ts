import t from 'tap';
import { WANTED_SECTIONS } from '../../src/ingest/whep-offer.ts';

t.test('what a server is asked for says which profiles can be recorded', (t) => {
  const asked: Record<string, string[]> = {};
  for (const { codec, parameters } of WANTED_SECTIONS.find(({ kind }) => kind === 'video')!
    .formats) {
    if (codec === 'rtx' || codec === 'h264') continue;
    asked[codec] ??= [];
    asked[codec].push(
      Object.entries(parameters)
        .map((pair) => pair.join('='))
        .join(';'),
    );
  }
  t.same(asked, {
    h265: ['level-id=180;profile-id=1;tier-flag=0', 'level-id=180;profile-id=2;tier-flag=0'],
    // With all three: Live777 sends nothing of a stream from Chromium to who asks for the profile alone.
    av1: ['level-idx=5;profile=0;tier=0'],
    vp9: ['profile-id=0', 'profile-id=2'],
    vp8: [''],
  });
  t.end();
});
