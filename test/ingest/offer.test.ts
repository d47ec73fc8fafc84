import t from 'tap';
import { readOffer } from '../../src/ingest/offer.ts';
import { Refusal } from '../../src/refusal.ts';
import { AUDIO, DATA, offerOf, VIDEO, without } from './offers.ts';

const GOOD = offerOf(VIDEO, AUDIO);

function refused(offer: string): Refusal {
  try {
    readOffer(offer);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`the offer was taken:\n${offer}`);
}

t.test('takes H264 in packetization mode 1 with retransmission, and Opus', async (t) => {
  const [video, audio] = readOffer(GOOD).sections.map(({ taken }) => taken!);
  t.match(video, {
    mid: '0',
    kind: 'video',
    formats: [
      {
        payloadType: 102,
        codec: 'h264',
        clockRate: 90000,
        parameters: { 'packetization-mode': '1', 'profile-level-id': '42001f' },
      },
      { payloadType: 103, codec: 'rtx', clockRate: 90000, retransmits: 102 },
      { payloadType: 108, codec: 'h264', parameters: { 'profile-level-id': '42e01f' } },
      { payloadType: 109, codec: 'rtx', retransmits: 108 },
    ],
  });
  t.equal(video!.formats.length, 4);
  t.same(video!.extensions, {
    ...{ mid: 9, rid: 10, repairedRid: 11, transportCc: 4, absSendTime: 2 },
    videoOrientation: 3,
  });
  t.same(video!.ssrcs, [2921507310, 208929112], 'the primary one first');
  t.same(video!.retransmissionSsrcs, [[2921507310, 208929112]]);
  t.same(video!.feedback, { nack: true, pli: true, fir: true, transportCc: true, remb: true });
  t.match(audio, {
    mid: '1',
    kind: 'audio',
    formats: [
      { payloadType: 63, codec: 'red', clockRate: 48000, redundancy: [111, 111] },
      { payloadType: 111, codec: 'opus', clockRate: 48000, channels: 2 },
    ],
    ssrcs: [2092222268],
    feedback: { nack: false, pli: false, fir: false, transportCc: true, remb: false },
  });
  t.equal(audio!.formats.length, 2);
});

t.test('takes packetization mode 0 where there is no other, also without fmtp', async (t) => {
  const video = without(VIDEO, /packetization-mode=1/);
  const formats = readOffer(offerOf(video)).sections[0]!.taken!.formats;
  t.same(
    formats.map(({ payloadType }) => payloadType),
    [102, 103, 104, 107, 108, 109],
    'without fmtp 102 and 108 are in mode 0 (RFC 6184 §8.1)',
  );
});

t.test('takes one section of a kind and leaves the others', async (t) => {
  const second = { ...VIDEO, mid: 'second' };
  const { sections } = readOffer(offerOf(DATA, VIDEO, second, AUDIO));
  t.same(
    sections.map(({ taken }) => taken?.mid),
    [undefined, '0', undefined, '1'],
  );
  const unrecordable = { ...without(VIDEO, /H264|VP8/), mid: 'red' };
  t.same(
    readOffer(offerOf(unrecordable, VIDEO)).sections.map(({ taken }) => taken?.mid),
    [undefined, '0'],
    'the first that can be recorded',
  );
});

t.test('takes audio alone and video alone, needing no BUNDLE', async (t) => {
  for (const section of [VIDEO, AUDIO]) {
    const offer = offerOf(section).replace(/a=group.*\r\n/, '');
    t.equal(readOffer(offer).sections[0]!.taken!.mid, section.mid);
  }
});

t.test('takes what is not written as Chromium does', async (t) => {
  t.equal(readOffer(GOOD.replaceAll('\r\n', '\n')).sections.length, 2, 'lone line feeds');
  t.equal(
    readOffer(
      GOOD.replace('m=audio 9 ', 'm=audio 0 ').replace('a=mid:1', 'a=mid:1\r\na=bundle-only'),
    ).sections[1]!.taken!.mid,
    '1',
    'a bundle-only section has port 0 (RFC 8843 §6)',
  );
  const sessionLevel = GOOD.replaceAll(
    /a=(?:ice-ufrag|ice-pwd|fingerprint|setup):.*\r\n/g,
    '',
  ).replace(
    't=0 0\r\n',
    `t=0 0\r\na=setup:active\r\na=ice-ufrag:abcd\r\na=ice-pwd:${'p'.repeat(22)}\r\na=fingerprint:SHA-256 ${Array(32).fill('0a').join(':')}\r\n`,
  );
  const offer = readOffer(sessionLevel);
  t.same(offer.ice, { ufrag: 'abcd', password: 'p'.repeat(22) });
  t.same(offer.fingerprints, [{ algorithm: 'sha256', digest: Buffer.alloc(32, 0x0a) }]);
  t.match(
    readOffer(GOOD.replaceAll('rtcp-fb:102 nack pli', 'rtcp-fb:* nack pli')).sections[0]!.taken!
      .feedback,
    { pli: true },
    'feedback for all payload types (RFC 4585 §4.2)',
  );
  t.match(readOffer(GOOD.replaceAll('a=sendonly', 'a=sendrecv')).sections[0]!.taken, { mid: '0' });
  t.match(readOffer(GOOD.replaceAll('a=sendonly\r\n', '')).sections[0]!.taken, { mid: '0' });
});

t.test('leaves header extensions that it cannot agree to', async (t) => {
  const extensions = (line: string) =>
    readOffer(GOOD.replace('a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid', line)).sections[0]!
      .taken!.extensions;
  t.equal(extensions('a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid').mid, undefined, 'two-byte');
  t.equal(extensions('a=extmap:9/recvonly urn:ietf:params:rtp-hdrext:sdes:mid').mid, undefined);
  t.equal(extensions('a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:mid').mid, 9);
});

t.test('lets a publisher of VP8 turn its pictures itself', async (t) => {
  const [video] = readOffer(offerOf(without(VIDEO, /H264/), AUDIO)).sections;
  t.match(video!.taken!.formats, [{ codec: 'vp8' }, { codec: 'rtx' }]);
  t.equal(video!.taken!.extensions.videoOrientation, undefined);
});

/** Sound of G.722, which has a payload type of its own, and of what goes with it. */
const G722 = {
  ...without(AUDIO, /opus|PCMU/),
  media: 'm=audio 9 UDP/TLS/RTP/SAVPF 63 9 13',
};
G722.lines = [...G722.lines, 'a=rtpmap:13 CN/8000'];
const MONO = {
  ...G722,
  media: 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 13',
  lines: [...G722.lines, 'a=rtpmap:111 opus/48000'],
};

t.test('takes Opus beside G.722', async (t) => {
  const beside = { ...AUDIO, media: 'm=audio 9 UDP/TLS/RTP/SAVPF 9 111' };
  const [section] = readOffer(offerOf(beside)).sections;
  t.same(
    section?.taken?.formats.map(({ codec }) => codec),
    ['opus'],
  );
});

t.test('refuses what it cannot record, saying what is there and what could be', async (t) => {
  const cases: [name: string, offer: string, message: RegExp][] = [
    [
      'video of no codec that is known',
      offerOf(without(VIDEO, /H264|VP8/), AUDIO),
      /video has red; we can record H264 .*, H265 .*, AV1, VP9, VP8$/,
    ],
    [
      'G.722 alone',
      offerOf(VIDEO, G722),
      /audio has red, G722, CN; we can record multiopus .*, Opus \(48000\/2\), PCMU \(8000\), PCMA \(8000\)$/,
    ],
    [
      'interleaved H264 alone',
      offerOf(without(VIDEO, /rtpmap:104|VP8/)).replaceAll('-mode=1', '-mode=2'),
      /record H264 \(packetization-mode 0 or 1\)/,
    ],
    ['mono Opus', offerOf(MONO), /has opus, red, G722, CN; we .* Opus \(48000\/2\)/],
    ['nothing that sends', GOOD.replaceAll('a=sendonly', 'a=recvonly'), /neither video nor audio/],
    ['a data channel alone', offerOf(DATA), /neither video nor audio/],
    ['sections that are off', GOOD.replaceAll(' 9 UDP', ' 0 UDP'), /neither video nor audio/],
    ['plain RTP', GOOD.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), /UDP\/TLS\/RTP\/SAVPF/],
    ['two lite agents', GOOD.replace('t=0 0', 't=0 0\r\na=ice-lite'), /ice-lite/],
  ];
  for (const [name, offer, message] of cases) {
    const error = refused(offer);
    t.equal(error.reason, 'unacceptable-offer', name);
    t.match(error.message, message, name);
  }
});

t.test('refuses what is no WHIP offer', async (t) => {
  const cases: [name: string, offer: string, message: RegExp][] = [
    ['nothing', '', /empty/],
    ['blank lines', '\r\n\r\n', /empty/],
    ['prose', 'hello', /line 1 of the offer is not SDP/],
    ['JSON', '{"type":"offer"}', /line 1 of the offer is not SDP/],
    ['another version', GOOD.replace('v=0', 'v=1'), /v=0/],
    ['a body of 10 MB', `${GOOD}${'a=x\r\n'.repeat(2_000_000)}`, /longer than/],
    ['a line that is none', GOOD.replace('t=0 0', 't=0 0\r\ngarbage'), /not SDP: "garbage"/],
    ['a NUL', GOOD.replace('a=mid:0', 'a=mid:0\u0000'), /not SDP/],
    ['no origin', GOOD.replace(/o=.*\r\n/, ''), /no o= line/],
    ['no sections', GOOD.split('m=')[0]!, /no m= section/],
    ['too many sections', offerOf(...Array(33).fill(VIDEO)), /more than 32/],
    ['a malformed m= line', GOOD.replace('m=audio 9', 'm=audio nine'), /malformed line: "m=audio/],
    ['a port beyond', GOOD.replace('m=audio 9 ', 'm=audio 70000 '), /malformed line: "m=audio/],
    ['a payload type beyond', GOOD.replace('SAVPF 111', 'SAVPF 211 111'), /0–127/],
    ['a payload type of letters', GOOD.replace('SAVPF 111', 'SAVPF x 111'), /0–127/],
    ['the same mid twice', GOOD.replace('a=mid:1', 'a=mid:0'), /own a=mid/],
    ['no mid', offerOf(VIDEO).replace('a=mid:0\r\n', ''), /needs a=mid/],
    ['a mid with a space', GOOD.replace('a=mid:1', 'a=mid:1 2'), /malformed line: "a=mid/],
    ['no BUNDLE', GOOD.replace(/a=group.*\r\n/, ''), /BUNDLE/],
    ['half a BUNDLE', GOOD.replace('BUNDLE 0 1', 'BUNDLE 0'), /must name a=mid:1/],
    ['no rtcp-mux', GOOD.replace('a=rtcp-mux\r\n', ''), /rtcp-mux/],
    ['no credentials', GOOD.replaceAll(/a=ice-pwd.*\r\n/g, ''), /ice-pwd/],
    ['a short password', GOOD.replaceAll(/a=ice-pwd:.*/g, 'a=ice-pwd:short'), /ice-pwd/],
    ['no fingerprint', GOOD.replaceAll(/a=fingerprint.*\r\n/g, ''), /fingerprint/],
    ['SHA-1', GOOD.replaceAll('sha-256 ', 'sha-1 '), /sha-256/],
    ['a short fingerprint', GOOD.replaceAll('sha-256 9E:E2:', 'sha-256 '), /fingerprint/],
    ['no setup', GOOD.replaceAll(/a=setup.*\r\n/g, ''), /setup/],
    ['a held connection', GOOD.replaceAll('setup:actpass', 'setup:holdconn'), /setup:actpass/],
  ];
  for (const [name, offer, message] of cases) {
    const error = refused(offer);
    t.equal(error.reason, 'bad-sdp', name);
    t.match(error.message, message, name);
  }
});

t.test('any offer that is cut short or spoilt is refused or taken, never a fault', async (t) => {
  const outcomes = new Set<string>();
  for (let length = 0; length < GOOD.length; length += 7) {
    for (const offer of [
      GOOD.slice(0, length),
      `${GOOD.slice(0, length)}${GOOD.slice(length + 5)}`,
      `${GOOD.slice(0, length)}\u00ff:=/${GOOD.slice(length)}`,
    ]) {
      try {
        readOffer(offer);
        outcomes.add('taken');
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        outcomes.add(error.reason);
      }
    }
  }
  t.same([...outcomes].sort(), ['bad-sdp', 'taken', 'unacceptable-offer']);
});

t.test('a payload type that is named again and again is taken once', async (t) => {
  const media = `${VIDEO.media}${' 102'.repeat(10_000)}`;
  const [video] = readOffer(offerOf({ ...VIDEO, media })).sections;
  t.same(
    video?.taken?.formats.map(({ payloadType }) => payloadType),
    [102, 103, 108, 109],
  );
});
