import t from 'tap';
import { Demultiplexer } from '../../src/rtp/demultiplexer.ts';
import { HeaderExtensions } from '../../src/rtp/header-extensions.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { RtpHeader } from '../../src/rtp/rtp-header.ts';

function section(mid: string, overrides: Partial<MediaSection> = {}): MediaSection {
  return {
    mid,
    kind: 'video',
    formats: [
      { payloadType: 96, codec: 'h264', clockRate: 90_000, parameters: {} },
      { payloadType: 97, codec: 'rtx', clockRate: 90_000, parameters: {}, retransmits: 96 },
    ],
    extensions: { mid: 1, rid: 2, repairedRid: 3 },
    ssrcs: [],
    retransmissionSsrcs: [],
    feedback: { nack: true, pli: true, fir: false, transportCc: false, remb: false },
    ...overrides,
  };
}

const audio = (mid: string, payloadType = 111) =>
  section(mid, {
    kind: 'audio',
    formats: [{ payloadType, codec: 'opus', clockRate: 48_000, channels: 2, parameters: {} }],
  });

interface Sent {
  ssrc: number;
  payloadType: number;
  mid?: string;
  rid?: string;
  repairedRid?: string;
  atUs?: number;
}

/** Routes one packet and says where it went, as `mid/kind`, with `#layer` for all but the first. */
function router(sections: MediaSection[]) {
  const demultiplexer = new Demultiplexer(sections);
  return ({ ssrc, payloadType, mid, rid, repairedRid, atUs = 1_000_000 }: Sent) => {
    const data: Buffer[] = [];
    for (const [id, text] of [
      [1, mid],
      [2, rid],
      [3, repairedRid],
    ] as const) {
      if (text === undefined) continue;
      data.push(Buffer.from([id, text.length]), Buffer.from(text));
    }
    const extension = Buffer.concat(data);
    const words = Math.ceil(extension.length / 4);
    const datagram = Buffer.alloc(16 + words * 4);
    datagram[0] = 0x90;
    datagram[1] = payloadType;
    datagram.writeUInt32BE(ssrc, 8);
    datagram.writeUInt16BE(0x1000, 12);
    datagram.writeUInt16BE(words, 14);
    extension.copy(datagram, 16);
    const header = new RtpHeader();
    const extensions = new HeaderExtensions();
    if (!header.parse(datagram, datagram.length) || !extensions.parse(datagram, header)) {
      throw new Error('the test built a bad packet');
    }
    const route = demultiplexer.route(datagram, header, extensions, atUs);
    if (route === undefined) return undefined;
    if (sections[route.index] !== route.section) throw new Error('wrong index');
    const { number } = route.layer;
    return `${route.section.mid}/${route.kind}${number === 0 ? '' : `#${number}`}`;
  };
}

t.test('by MID, and by what was learned from it', async (t) => {
  const route = router([section('a'), section('b')]);
  t.equal(route({ ssrc: 1, payloadType: 96 }), undefined, 'both sections have the payload type');
  t.equal(route({ ssrc: 1, payloadType: 96, mid: 'b' }), 'b/primary');
  t.equal(route({ ssrc: 1, payloadType: 96 }), 'b/primary');
  t.equal(route({ ssrc: 2, payloadType: 96, mid: 'c' }), undefined, 'an unknown section');
  t.equal(route({ ssrc: 1, payloadType: 96, mid: 'a' }), 'a/primary', 'a later MID prevails');
  t.equal(route({ ssrc: 1, payloadType: 96 }), 'a/primary');
  t.equal(route({ ssrc: 1, payloadType: 111 }), undefined, 'not negotiated in that section');
});

t.test('by announced SSRCs and FID groups', async (t) => {
  const route = router([
    section('a', { ssrcs: [10, 11], retransmissionSsrcs: [[10, 11]] }),
    section('b', { ssrcs: [20] }),
  ]);
  t.equal(route({ ssrc: 11, payloadType: 97 }), undefined, 'nothing to retransmit yet');
  t.equal(route({ ssrc: 10, payloadType: 96 }), 'a/primary');
  t.equal(route({ ssrc: 11, payloadType: 97 }), 'a/retransmission');
  t.equal(route({ ssrc: 11, payloadType: 96 }), undefined, 'media where retransmissions belong');
  t.equal(route({ ssrc: 20, payloadType: 96 }), 'b/primary');
});

t.test('by a payload type that one section alone has', async (t) => {
  const route = router([section('v'), audio('a', 111), audio('b', 112), audio('c', 112)]);
  t.equal(route({ ssrc: 1, payloadType: 111 }), 'a/primary');
  t.equal(route({ ssrc: 2, payloadType: 112 }), undefined, 'two sections have it');
  t.equal(route({ ssrc: 3, payloadType: 96 }), 'v/primary');
  t.equal(route({ ssrc: 4, payloadType: 97 }), 'v/retransmission', 'without any announcement');
  t.equal(route({ ssrc: 5, payloadType: 100 }), undefined);
});

t.test('a new SSRC takes over at once, the old one does not come back', async (t) => {
  const route = router([section('v')]);
  const at = (ssrc: number, milliseconds: number) =>
    route({ ssrc, payloadType: 96, atUs: 1_000_000 + milliseconds * 1000 });
  t.equal(at(1, 0), 'v/primary');
  t.equal(at(2, 10), 'v/takeover');
  t.equal(at(2, 20), 'v/primary');
  t.equal(at(1, 30), undefined, 'late, or sent in parallel');
  t.equal(at(2, 1000), 'v/primary');
  t.equal(at(1, 2500), 'v/takeover', 'the new one fell silent');
  t.equal(at(2, 2510), undefined);
});

t.test('retransmissions of the stream before are dropped', async (t) => {
  const route = router([section('v', { ssrcs: [1, 2], retransmissionSsrcs: [[1, 2]] })]);
  t.equal(route({ ssrc: 1, payloadType: 96 }), 'v/primary');
  t.equal(route({ ssrc: 2, payloadType: 97 }), 'v/retransmission');
  t.equal(route({ ssrc: 3, payloadType: 96 }), 'v/takeover');
  t.equal(route({ ssrc: 2, payloadType: 97 }), undefined);
  t.equal(route({ ssrc: 4, payloadType: 97 }), 'v/retransmission', 'its own, not announced');
});

t.test('simulcast encodings are told apart, each with its retransmissions', async (t) => {
  const route = router([section('v')]);
  const sent = { payloadType: 96, mid: 'v' };
  t.equal(route({ ...sent, ssrc: 1, rid: 'hi' }), 'v/primary');
  t.equal(route({ ...sent, ssrc: 2, rid: 'lo' }), 'v/primary#1');
  t.equal(route({ ...sent, ssrc: 2 }), 'v/primary#1', 'also once it is not named any more');
  t.equal(route({ ssrc: 3, payloadType: 97, mid: 'v', repairedRid: 'lo' }), 'v/retransmission#1');
  t.equal(route({ ssrc: 3, payloadType: 97 }), 'v/retransmission#1', 'what was learned counts');
  t.equal(route({ ssrc: 4, payloadType: 97, repairedRid: 'hi' }), 'v/retransmission');
  t.equal(route({ ssrc: 6, payloadType: 97 }), undefined, 'of which, nobody knows');
  t.equal(
    route({ ...sent, ssrc: 5, rid: 'hi' }),
    'v/takeover',
    'the same encoding, newly numbered',
  );
  t.equal(route({ ...sent, ssrc: 1, rid: 'hi' }), undefined, 'its late packets');
  t.equal(route({ ...sent, ssrc: 2, rid: 'lo', atUs: 9_000_000 }), 'v/primary#1');
});

t.test('announced layers without identifiers are told by SSRC', async (t) => {
  const layers = { rids: [], ssrcs: [1, 2, 3] };
  const fid: [number, number][] = [
    [1, 11],
    [2, 12],
    [3, 13],
  ];
  const route = router([
    section('v', { layers, ssrcs: [1, 2, 3, 11, 12, 13], retransmissionSsrcs: fid }),
  ]);
  const at = (ssrc: number, payloadType = 96) => route({ ssrc, payloadType });
  t.same([at(1), at(2), at(3)], ['v/primary', 'v/primary#1', 'v/primary#2']);
  t.same([at(1), at(2), at(3)], ['v/primary', 'v/primary#1', 'v/primary#2']);
  t.same(
    [at(11, 97), at(12, 97), at(13, 97)],
    ['v/retransmission', 'v/retransmission#1', 'v/retransmission#2'],
  );
});

t.test('thousands of SSRCs leave the sections working', async (t) => {
  const route = router([section('v'), audio('a')]);
  for (let ssrc = 0; ssrc < 5000; ssrc++) route({ ssrc, payloadType: 96, mid: 'v' });
  t.equal(route({ ssrc: 9999, payloadType: 111 }), 'a/primary');
});
