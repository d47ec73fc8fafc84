import t from 'tap';
import { readOffer } from '../../src/ingest/offer.ts';
import { readTrickleFragment } from '../../src/ingest/trickle-fragment.ts';
import { readAnswer } from '../../src/ingest/whep-answer.ts';
import type { MediaSection } from '../../src/rtp/media-section.ts';
import { PUBLISHER_OFFERS } from './publisher-offers.ts';

/** What is understood of an offer, in one line each. */
interface Understood {
  /** Who begins DTLS: a peer that can only be the server leaves it to us. */
  dtls: 'client' | 'server';
  video: Line;
  audio: Line;
}

/** MID, payload types in order of preference, feedback, header extensions, SSRCs. */
type Line = readonly [string, string, string, string, string];

const EXPECTED: Record<string, Understood> = {
  'pion 4': {
    dtls: 'server',
    video: [
      '0',
      'h264 102, rtx 103',
      'nack pli fir transportCc remb',
      'mid 1, rid 2, repairedRid 3, transportCc 4',
      '1111111111 2222222222',
    ],
    audio: ['1', 'opus 111', 'nack transportCc', 'mid 1, transportCc 4', '3333333333'],
  },
  'FFmpeg 8.0': {
    dtls: 'client',
    video: ['1', 'h264 106', '', '', '2222222222'],
    audio: ['0', 'opus 111', '', '', '1111111111'],
  },
  'GStreamer 1.22 webrtcbin': {
    dtls: 'server',
    video: ['video0', 'h264 96', 'pli fir transportCc', '', '1111111111'],
    audio: ['audio1', 'opus 97', 'transportCc', '', '2222222222'],
  },
  'aiortc 1.16': {
    dtls: 'server',
    video: [
      '1',
      'h264 99, rtx 100, h264 101, rtx 102',
      'nack pli remb',
      'mid 1, absSendTime 3',
      '2222222222 3333333333',
    ],
    audio: ['0', 'opus 96', '', 'mid 1', '1111111111'],
  },
  'libdatachannel 0.22 (OBS)': {
    dtls: 'server',
    video: ['1', 'h264 96', 'nack pli remb', '', '2222222222'],
    audio: ['0', 'opus 111', '', '', '1111111111'],
  },
  Chromium: {
    dtls: 'server',
    video: [
      '0',
      'h264 102, rtx 103, h264 108, rtx 109',
      'nack pli fir transportCc remb',
      'mid 9, rid 10, repairedRid 11, transportCc 4, absSendTime 2, videoOrientation 3',
      '2921507310 208929112',
    ],
    audio: ['1', 'red 63, opus 111', 'transportCc', 'mid 9, transportCc 4', '2092222268'],
  },
  'Firefox 130': {
    dtls: 'server',
    video: [
      '1',
      'h264 126, rtx 127',
      'nack pli fir transportCc remb',
      'mid 3, transportCc 7, absSendTime 4',
      '2222222222 3333333333',
    ],
    audio: ['0', 'opus 109', '', 'mid 3', '1111111111'],
  },
  'Safari 17': {
    dtls: 'server',
    video: [
      '1',
      'h264 96, rtx 97, h264 102, rtx 103',
      'nack pli fir transportCc remb',
      'mid 4, rid 10, repairedRid 11, transportCc 3, absSendTime 2',
      '2222222222 3333333333',
    ],
    audio: [
      '0',
      'red 63, opus 111',
      'transportCc',
      'mid 4, transportCc 3, absSendTime 2',
      '1111111111',
    ],
  },
};

function lineOf({ mid, formats, feedback, extensions, ssrcs }: MediaSection): Line {
  return [
    mid,
    formats.map(({ codec, payloadType }) => `${codec} ${payloadType}`).join(', '),
    Object.entries(feedback)
      .flatMap(([name, agreed]) => (agreed ? [name] : []))
      .join(' '),
    Object.entries(extensions)
      .map(([name, id]) => `${name} ${id}`)
      .join(', '),
    ssrcs.join(' '),
  ];
}

function understood(sdp: string): Understood {
  const { sections, dtlsRole } = readOffer(sdp);
  const taken = sections.flatMap((section) => section.taken ?? []);
  const [video, audio] = (['video', 'audio'] as const).map((kind) =>
    lineOf(taken.find((section) => section.kind === kind)!),
  );
  return { dtls: dtlsRole, video: video!, audio: audio! };
}

for (const { program, sdp } of PUBLISHER_OFFERS) {
  t.test(`understands ${program}`, async (t) => t.same(understood(sdp), EXPECTED[program]));
}

/** The same said in other words: each must be understood as the offer itself. */
const WORDINGS: Record<string, (sdp: string) => string> = {
  'spaces at the ends of lines': (sdp) => sdp.replaceAll('\r\n', '  \r\n'),
  'tabs at the ends of lines': (sdp) => sdp.replaceAll('\r\n', '\t\r\n'),
  'no spaces at the ends of lines': (sdp) => sdp.replaceAll(/ +\r\n/g, '\r\n'),
  'two spaces for one': (sdp) => sdp.replaceAll(/(?<=^[am].*) /gm, '  '),
  'a tab for a space': (sdp) => sdp.replaceAll(/(?<=^a=.*) /gm, '\t'),
  'a space after the names of attributes': (sdp) => sdp.replaceAll(/^(a=[\w-]+:)/gm, '$1 '),
  'spaces in rtpmap and fmtp': (sdp) =>
    sdp.replaceAll(/(?<=^a=rtpmap.*)\//gm, ' / ').replaceAll(/(?<=^a=fmtp.*)([;=])/gm, ' $1 '),
  'lone line feeds': (sdp) => sdp.replaceAll('\r\n', '\n'),
  'two carriage returns': (sdp) => sdp.replaceAll('\r\n', '\r\r\n'),
  'blank lines': (sdp) => sdp.replaceAll('\r\nm=', '\r\n\r\nm='),
  'names of attributes in upper case': (sdp) =>
    sdp.replaceAll(/^a=[\w-]+/gm, (name) => `a=${name.slice(2).toUpperCase()}`),
  'values in upper case': (sdp) =>
    sdp.replaceAll(/(?<=^a=(?:setup|fingerprint|rtcp-fb|extmap|rtpmap):).*/gm, (value) =>
      value.toUpperCase(),
    ),
  'values in lower case': (sdp) =>
    sdp
      .replaceAll(/(?<=^a=(?:rtpmap|ssrc-group|fingerprint):).*/gm, (value) => value.toLowerCase())
      .replaceAll('BUNDLE', 'bundle'),
  'kinds of sections in upper case': (sdp) =>
    sdp.replaceAll(/^m=(\w+)/gm, (line) => `m=${line.slice(2).toUpperCase()}`),
  'attributes of each section from the last to the first': (sdp) =>
    sdp
      .split(/^(?=m=)/m)
      .map((section, index) => {
        if (index === 0) return section;
        const [media, ...lines] = section.trimEnd().split('\r\n');
        return `${[media, ...lines.reverse()].join('\r\n')}\r\n`;
      })
      .join(''),
  'a channel of video': (sdp) => sdp.replaceAll('H264/90000', 'H264/90000/1'),
};

for (const [name, reword] of Object.entries(WORDINGS)) {
  t.test(`understands ${name}`, async (t) => {
    for (const { program, sdp } of PUBLISHER_OFFERS) {
      const worded = understood(reword(sdp));
      // Where no number is preferred to another, the order of lines is.
      t.same(worded, EXPECTED[program], program);
    }
  });
}

/** An answer of a WHEP server built on pion. */
const ANSWER = [
  ...['v=0', 'o=- 1234567890123456789 1735689600 IN IP4 0.0.0.0', 's=-', 't=0 0'],
  ...[`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, 'a=group:BUNDLE 0 1'],
  ...['m=video 9 UDP/TLS/RTP/SAVPF 96 97', 'c=IN IP4 0.0.0.0', 'a=setup:active', 'a=mid:0'],
  ...['a=ice-ufrag:nlrSPTUWyNxQxKgk', 'a=ice-pwd:QzQtuItvMggyoOiaBbuXnmpcsxQCInpX'],
  ...['a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:96 H264/90000'],
  'a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  ...['a=rtcp-fb:96 goog-remb ', 'a=rtcp-fb:96 ccm fir', 'a=rtcp-fb:96 nack '],
  ...['a=rtcp-fb:96 nack pli', 'a=rtcp-fb:96 transport-cc ', 'a=rtpmap:97 rtx/90000'],
  ...['a=fmtp:97 apt=96', `a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid`],
  ...['a=ssrc-group:FID 1111111111 2222222222', 'a=ssrc:1111111111 cname:pion', 'a=sendonly'],
  'a=candidate:1 1 udp 2130706431 192.0.2.1 51956 typ host',
  ...['m=audio 9 UDP/TLS/RTP/SAVPF 122', 'c=IN IP4 0.0.0.0', 'a=setup:active', 'a=mid:1'],
  ...['a=ice-ufrag:nlrSPTUWyNxQxKgk', 'a=ice-pwd:QzQtuItvMggyoOiaBbuXnmpcsxQCInpX'],
  ...['a=rtcp-mux', 'a=rtpmap:122 opus/48000/2', 'a=rtcp-fb:122 transport-cc ', 'a=sendonly', ''],
].join('\r\n');

t.test('understands an answer in any wording', async (t) => {
  for (const [name, reword] of [
    ['as it is', (sdp: string) => sdp],
    ...Object.entries(WORDINGS),
  ] as const) {
    const { sections, ice, dtlsRole } = readAnswer(reword(ANSWER));
    t.same(
      [dtlsRole, ice.candidates, ...sections.map(lineOf)],
      [
        'server',
        ['1 1 udp 2130706431 192.0.2.1 51956 typ host'],
        [...['0', 'h264 96, rtx 97', 'nack pli fir transportCc remb', 'mid 1'], '1111111111'],
        ['1', 'opus 122', 'transportCc', '', ''],
      ],
      name,
    );
  }
});

t.test('understands a trickle fragment in any wording', async (t) => {
  const fragment = [
    ...['a=ice-ufrag:nlrS', 'a=ice-pwd:QzQtuItvMggyoOiaBbuXnm', 'm=audio 9 RTP/AVP 0', 'a=mid:0'],
    'a=candidate:1 1 udp 2130706431 192.0.2.1 51956 typ host',
    ...['a=end-of-candidates', ''],
  ].join('\r\n');
  for (const [name, reword] of Object.entries(WORDINGS)) {
    t.same(
      readTrickleFragment(reword(fragment)),
      { ufrag: 'nlrS', password: 'QzQtuItvMggyoOiaBbuXnm' },
      name,
    );
  }
});
