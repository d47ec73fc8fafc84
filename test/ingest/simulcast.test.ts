import { parse } from 'sdp-transform';
import t from 'tap';
import { announcedLayers, answeredLayers } from '../../src/ingest/simulcast.ts';
import type { PayloadFormat } from '../../src/media/payload-format.ts';

const FORMATS: PayloadFormat[] = [
  { payloadType: 102, codec: 'h264', clockRate: 90_000, parameters: {} },
];

function offered(...lines: string[]) {
  const { media } = parse(['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 102 96', ...lines].join('\r\n'));
  return media[0]!;
}

/** What is understood of each form of announcement. */
const OFFERS: [string, string[], { rids: string[]; ssrcs: number[] } | undefined][] = [
  [
    'Chromium, three encodings',
    ['a=rid:q send', 'a=rid:h send', 'a=rid:f send', 'a=simulcast:send q;h;f'],
    { rids: ['q', 'h', 'f'], ssrcs: [] },
  ],
  [
    'identifiers that are numbers, as OBS has them',
    ['a=rid:0 send', 'a=rid:1 send', 'a=simulcast:send 0;1'],
    { rids: ['0', '1'], ssrcs: [] },
  ],
  [
    'alternatives and an encoding that is paused at first',
    ['a=rid:1 send', 'a=rid:2 send', 'a=rid:3 send', 'a=simulcast:send 1,2;~3'],
    { rids: ['1', '3'], ssrcs: [] },
  ],
  [
    'both directions',
    ['a=rid:a send', 'a=rid:b send', 'a=rid:c recv', 'a=simulcast:recv c send a;b'],
    { rids: ['a', 'b'], ssrcs: [] },
  ],
  [
    'one for a format that we do not take',
    ['a=rid:a send pt=102', 'a=rid:b send pt=96;max-width=640', 'a=simulcast:send a;b'],
    { rids: ['a'], ssrcs: [] },
  ],
  ['without a=simulcast', ['a=rid:a send', 'a=rid:b send'], { rids: ['a', 'b'], ssrcs: [] }],
  [
    'a SIM group with retransmissions',
    [
      'a=ssrc-group:SIM 1 2 3',
      'a=ssrc-group:FID 1 11',
      'a=ssrc-group:FID 2 12',
      'a=ssrc-group:FID 3 13',
    ],
    { rids: [], ssrcs: [1, 2, 3] },
  ],
  ['several SSRCs', ['a=ssrc:1 cname:x', 'a=ssrc:2 cname:x'], { rids: [], ssrcs: [1, 2] }],
  [
    'one encoding with retransmission and FEC',
    [
      'a=ssrc-group:FID 1 2',
      'a=ssrc-group:FEC-FR 1 3',
      'a=ssrc:1 cname:x',
      'a=ssrc:2 cname:x',
      'a=ssrc:3 cname:x',
    ],
    undefined,
  ],
  ['nothing', [], undefined],
  ['one that is received', ['a=rid:a recv', 'a=simulcast:recv a'], undefined],
];

for (const [name, lines, expected] of OFFERS) {
  t.test(name, async (t) => t.same(announcedLayers(offered(...lines), FORMATS), expected));
}

t.test('the answer receives each encoding that is taken, with what restricts it', async (t) => {
  const media = offered(
    'a=rid:q send pt=102;max-width=320',
    'a=rid:f send',
    'a=rid:x send pt=96',
    'a=simulcast:send q;f;x',
  );
  t.same(answeredLayers(media, announcedLayers(media, FORMATS)), {
    rids: [
      { id: 'q', direction: 'recv', params: 'pt=102;max-width=320' },
      { id: 'f', direction: 'recv' },
    ],
    simulcast: { dir1: 'recv', list1: 'q;f' },
  });
});

t.test('where no simulcast is offered, none is answered', async (t) => {
  for (const lines of [[], ['a=ssrc-group:SIM 1 2'], ['a=rid:a send', 'a=rid:b send']]) {
    const media = offered(...lines);
    t.same(answeredLayers(media, announcedLayers(media, FORMATS)), {});
  }
});
