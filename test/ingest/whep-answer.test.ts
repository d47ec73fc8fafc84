import { parse } from 'sdp-transform';
import t from 'tap';
import { codecsNamed } from '../../src/codecs/registry.ts';
import { readAnswer } from '../../src/ingest/whep-answer.ts';
import { WhepError } from '../../src/ingest/whep-error.ts';
import { offersOf, writeOffer } from '../../src/ingest/whep-offer.ts';

const OFFER = writeOffer({
  ice: { ufrag: 'abcd', password: 'abcdefghijklmnopqrstuv' },
  candidates: ['1 1 udp 2130706431 127.0.0.1 5000 typ host generation 0 ufrag abcd'],
  fingerprint: Array(32).fill('CD').join(':'),
});

/** As Live777 0.9 answers: attributes of both levels, numbers twice. */
const ANSWER = `v=0
o=- 6369654604956189204 895539551 IN IP4 0.0.0.0
s=-
t=0 0
a=msid-semantic:WMS *
a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}
a=ice-lite
a=group:BUNDLE 0 1
m=video 9 UDP/TLS/RTP/SAVPF 98 98 96 99
c=IN IP4 0.0.0.0
a=setup:active
a=mid:0
a=ice-ufrag:nlrSPTUWyNxQxKgk
a=ice-pwd:QzQtuItvMggyoOiaBbuXnmpcsxQCInpX
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:98 H264/90000
a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtcp-fb:98 nack
a=rtcp-fb:98 nack pli
a=rtcp-fb:98 transport-cc
a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=ssrc:1126407107 cname:webrtc
a=candidate:1 1 udp 2130706431 127.0.0.1 51956 typ host generation 7 ufrag x
a=candidate:2 1 TCP 2130706431 127.0.0.1 51956 typ host tcptype passive
a=candidate:3 1 udp 2130706431 4b2c.local 51956 typ host
a=candidate:4 2 udp 2130706430 127.0.0.1 51957 typ host
a=candidate:5 1 UDP 2130706431 ::1 51956 typ host
a=sendonly
m=audio 9 UDP/TLS/RTP/SAVPF 122
c=IN IP4 0.0.0.0
a=setup:active
a=mid:1
a=ice-ufrag:nlrSPTUWyNxQxKgk
a=ice-pwd:QzQtuItvMggyoOiaBbuXnmpcsxQCInpX
a=rtcp-mux
a=rtpmap:122 OPUS/48000/2
a=candidate:1 1 udp 2130706431 127.0.0.1 51956 typ host
a=sendonly
`.replaceAll('\n', '\r\n');

function refused(answer: string): string {
  try {
    readAnswer(answer);
  } catch (error) {
    if (error instanceof WhepError && error.kind === 'bad-answer') return error.message;
    throw error;
  }
  return 'taken';
}

t.test('asks for everything that can be recorded', async (t) => {
  t.match(
    OFFER,
    /^m=video 9 UDP\/TLS\/RTP\/SAVPF 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119\r$/m,
  );
  t.match(OFFER, /^m=audio 9 UDP\/TLS\/RTP\/SAVPF 120 121 122 0 8\r$/m);
  t.match(OFFER, /^a=rtpmap:96 H264\/90000\r$/m);
  t.match(OFFER, /^a=fmtp:96 .*packetization-mode=1;profile-level-id=42e01f\r$/m);
  t.match(OFFER, /^a=rtpmap:97 rtx\/90000\r$/m);
  t.match(OFFER, /^a=fmtp:97 apt=96\r$/m);
  for (const [payloadType, codec] of [
    [108, 'H265'],
    [112, 'AV1'],
    [114, 'VP9'],
    [118, 'VP8'],
  ]) {
    t.match(OFFER, new RegExp(`^a=rtpmap:${payloadType} ${codec}/90000\\r$`, 'm'));
  }
  t.match(OFFER, /^a=rtpmap:120 multiopus\/48000\/6\r$/m);
  t.match(OFFER, /^a=rtpmap:121 multiopus\/48000\/8\r$/m);
  t.match(OFFER, /^a=rtpmap:122 opus\/48000\/2\r$/m);
  t.match(OFFER, /^a=rtpmap:0 PCMU\/8000\r$/m);
  t.match(OFFER, /^a=rtpmap:8 PCMA\/8000\r$/m);
  t.equal(OFFER.match(/^a=recvonly\r$/gm)?.length, 2);
  t.equal(OFFER.match(/^a=candidate:1 1 udp 2130706431 127\.0\.0\.1 5000 typ host/gm)?.length, 2);
});

t.test('takes an answer', async (t) => {
  const answer = readAnswer(ANSWER);
  t.match(answer, {
    ice: {
      ufrag: 'nlrSPTUWyNxQxKgk',
      password: 'QzQtuItvMggyoOiaBbuXnmpcsxQCInpX',
      lite: true,
    },
    dtlsRole: 'server',
    fingerprints: [{ algorithm: 'sha256' }],
  });
  t.same(
    answer.ice.candidates,
    ['1 1 udp 2130706431 127.0.0.1 51956 typ host', '5 1 udp 2130706431 ::1 51956 typ host'],
    'UDP, of this component, with an address, each once',
  );
  const [video, audio] = answer.sections;
  t.same(
    video!.formats.map(({ payloadType, codec, retransmits }) => [payloadType, codec, retransmits]),
    [
      [98, 'h264', undefined],
      [96, 'h264', undefined],
      [99, 'rtx', 98],
    ],
  );
  t.match(video, {
    mid: '0',
    kind: 'video',
    ssrcs: [1126407107],
    extensions: { mid: 1 },
    feedback: { nack: true, pli: true, fir: false, transportCc: true, remb: false },
  });
  t.match(audio, { mid: '1', kind: 'audio', formats: [{ payloadType: 122, codec: 'opus' }] });
});

t.test('takes an answer that refuses a section', async (t) => {
  for (const [pattern, instead] of [
    [/m=audio 9/, 'm=audio 0'],
    [/a=sendonly\r\n$/, 'a=inactive\r\n'],
    [/a=sendonly\r\n$/, 'a=recvonly\r\n'],
  ] as const) {
    const { sections } = readAnswer(ANSWER.replace(pattern, instead));
    t.same(
      sections.map(({ kind }) => kind),
      ['video'],
    );
  }
  const { sections, dtlsRole } = readAnswer(
    ANSWER.replace('m=video 9', 'm=video 0').replaceAll('setup:active', 'setup:passive'),
  );
  t.same(
    sections.map(({ kind }) => kind),
    ['audio'],
  );
  t.equal(dtlsRole, 'client');
});

t.test('takes G.711, where it is wanted', async (t) => {
  const audio = /(?<=m=audio 9 UDP\/TLS\/RTP\/SAVPF )122/;
  const codecs = (sdp: string) =>
    readAnswer(sdp)
      .sections.map(({ formats }) => formats.map(({ codec }) => codec))
      .at(-1);
  t.same(codecs(ANSWER.replace(audio, '8 122')), ['pcma', 'opus'], 'no rtpmap needed');
  t.same(codecs(ANSWER.replace(audio, '8').replace('122 OPUS/48000/2', '8 pcma/8000')), ['pcma']);
  t.same(readAnswer(ANSWER.replace(audio, '8 122')).unrecordable, []);
});

t.test('tells what a server may send that is not wanted', async (t) => {
  const [wanted] = offersOf(codecsNamed(['h264', 'opus']));
  const answerOf = (formats: string) =>
    ANSWER.replace(/(?<=m=audio 9 UDP\/TLS\/RTP\/SAVPF )122/, formats).replaceAll('122', '108');
  const named = (sdp: string) => {
    const { sections, unrecordable } = readAnswer(sdp, wanted);
    return [...sections.map(({ kind }) => kind), ...unrecordable.map((one) => one.encodingName)];
  };
  t.same(named(answerOf('108')), ['video', 'audio']);
  t.same(named(answerOf('8 108')), ['video', 'audio', 'PCMA'], 'no rtpmap needed');
  t.same(named(answerOf('0')), ['video', 'PCMU']);
  t.same(named(answerOf('8').replace('108 OPUS/48000/2', '8 pcma/8000')), ['video', 'PCMA']);
  const alone = answerOf('8').replace('m=video 9', 'm=video 0');
  t.throws(() => readAnswer(alone, wanted), {
    kind: 'bad-answer',
    message: /the sound is PCMA \(G\.711\), which .*\[recorder\] codecs.* excludes/,
  });
});

t.test('says what is wrong with an answer', async (t) => {
  const second = ANSWER.indexOf('m=audio');
  for (const [answer, message] of [
    ['', 'the answer is empty'],
    ['{"error":"no"}', 'line 1 of the answer is not SDP: "{\\"error\\":\\"no\\"}"'],
    [ANSWER.slice(0, second), 'the answer has 1 m= sections; the offer has 2'],
    [
      ANSWER.replace('m=audio 9', 'm=video 9'),
      'the answer has a section video where the offer has audio',
    ],
    [
      ANSWER.replace('a=mid:1', 'a=mid:audio'),
      'the answer has a=mid:audio where the offer has a=mid:1',
    ],
    [ANSWER.replaceAll('sendonly', 'inactive'), 'the answer sends neither video nor audio'],
    [ANSWER.replace('a=rtcp-mux\r\n', ''), 'the answer needs a=rtcp-mux in its video section'],
    [
      ANSWER.replace('a=group:BUNDLE 0 1', 'a=group:BUNDLE 0'),
      'the answer needs a=group:BUNDLE with both of its sections',
    ],
    [
      ANSWER.replace('98 H264/90000', '98 VP8/90000'),
      'the answer has video VP8 as payload type 98, which was not offered',
    ],
    [
      ANSWER.replaceAll('122', '127'),
      'the answer has audio OPUS as payload type 127, which was not offered',
    ],
    [
      ANSWER.replace('OPUS/48000/2', 'OPUS/48000'),
      'the answer has audio OPUS as payload type 122, which was not offered',
    ],
    [
      ANSWER.replace('apt=98', 'apt=96'),
      'the answer has video rtx as payload type 99, which was not offered',
    ],
    [ANSWER.replace('a=rtpmap:122 OPUS/48000/2\r\n', ''), 'the answer has no codec for its audio'],
    [
      ANSWER.replaceAll('setup:active', 'setup:actpass'),
      'the answer needs a=setup:active or a=setup:passive',
    ],
    [ANSWER.replace(/a=fingerprint.*\r\n/, ''), 'the answer needs a=fingerprint with sha-256'],
    [
      ANSWER.replace('a=ice-ufrag:nlrSPTUWyNxQxKgk', 'a=ice-ufrag:n'),
      'the answer needs a=ice-ufrag of 4 to 256 and a=ice-pwd of 22 to 256 characters of A-Z, a-z, 0-9, + and /',
    ],
  ] as const) {
    t.equal(refused(answer), message);
  }
  for (let length = 0; length < ANSWER.length; length += 37) refused(ANSWER.slice(0, length));
});

t.test('a server is asked how pictures lie, in their section alone', async (t) => {
  const ids = parse(OFFER).media.map(({ type, ext }) => [
    type,
    ext!.find(({ uri }) => uri === 'urn:3gpp:video-orientation')?.value,
  ]);
  t.same(ids, [
    ['video', 4],
    ['audio', undefined],
  ]);
});
