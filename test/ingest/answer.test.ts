import { parse } from 'sdp-transform';
import t from 'tap';
import type { Codec } from '../../src/codecs/codec.ts';
import { pcma, pcmu } from '../../src/codecs/g711/codec.ts';
import { writeAnswer } from '../../src/ingest/answer.ts';
import { readOffer } from '../../src/ingest/offer.ts';
import { AUDIO, DATA, offerOf, VIDEO } from './offers.ts';

const OURS = {
  ice: { ufrag: 'ours', password: 'o'.repeat(22) },
  candidates: [
    { address: '192.0.2.7', port: 5000 },
    { address: '::1', port: 5001 },
  ],
  fingerprint: Array(32).fill('0A').join(':'),
};

const answer = (offer: string, codecs?: readonly Codec[]) =>
  parse(writeAnswer(readOffer(offer, codecs), OURS));

t.test('answers each section in its place', async (t) => {
  const session = answer(offerOf(DATA, VIDEO, { ...VIDEO, mid: 'second' }, AUDIO));
  t.equal(session.icelite, 'ice-lite');
  t.same(session.groups, [{ type: 'BUNDLE', mids: '0 1' }]);
  t.same(
    session.media.map(({ type, port, mid, direction }) => [type, port, String(mid), direction]),
    [
      ['application', 0, '2', 'inactive'],
      ['video', 9, '0', 'recvonly'],
      ['video', 0, 'second', 'inactive'],
      ['audio', 9, '1', 'recvonly'],
    ],
  );
});

t.test('takes only what it chose', async (t) => {
  const [video, audio] = answer(offerOf(VIDEO, AUDIO)).media;
  t.equal(video!.payloads, '102 103 108 109');
  t.match(video!.rtp, [
    { payload: 102, codec: 'H264', rate: 90000 },
    { payload: 103, codec: 'rtx', rate: 90000 },
    { payload: 108, codec: 'H264' },
    { payload: 109, codec: 'rtx' },
  ]);
  t.match(video!.fmtp, [
    {
      payload: 102,
      config: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    },
    { payload: 103, config: 'apt=102' },
    { payload: 108 },
    { payload: 109, config: 'apt=108' },
  ]);
  t.same(
    video!
      .rtcpFb!.filter(({ payload }) => payload === 102)
      .map(({ type, subtype }) => [type, subtype ?? ''].join(' ').trim()),
    ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'],
  );
  t.same(
    video!.ext!.map(({ value }) => value).sort((a, b) => a - b),
    [2, 3, 4, 9, 10, 11],
  );
  t.same(String(audio!.payloads), '63 111', 'redundancy is wanted');
  t.match(audio!.rtp, [
    { payload: 63, codec: 'red', rate: 48000, encoding: 2 },
    { payload: 111, codec: 'opus', rate: 48000, encoding: 2 },
  ]);
  t.match(audio!.fmtp, [{ payload: 63, config: '111/111' }, { payload: 111 }]);
  t.match(audio!.rtcpFb, [{ payload: 111, type: 'transport-cc' }]);
});

t.test('asks for stereo where the sender has it, else leaves Opus as it is', async (t) => {
  const fmtp = (parameters: string) =>
    answer(offerOf(AUDIO).replace('minptime=10', `minptime=10${parameters}`)).media[0]!.fmtp[1]!
      .config;
  t.equal(fmtp(''), 'minptime=10;useinbandfec=1');
  t.equal(fmtp(';stereo=1'), 'minptime=10;useinbandfec=1;stereo=1');
  t.equal(fmtp(';sprop-stereo=1'), 'minptime=10;useinbandfec=1;stereo=1');
});

t.test('carries our transport: DTLS server, credentials, all candidates', async (t) => {
  const { media } = answer(offerOf(VIDEO, AUDIO));
  for (const section of media) {
    t.match(section, {
      setup: 'passive',
      rtcpMux: 'rtcp-mux',
      iceUfrag: 'ours',
      icePwd: 'o'.repeat(22),
      fingerprint: { type: 'sha-256', hash: OURS.fingerprint },
    });
  }
  t.match(media[0]!.candidates, [
    { component: 1, transport: 'udp', ip: '192.0.2.7', port: 5000, type: 'host' },
    { component: 1, transport: 'udp', ip: '::1', port: 5001, type: 'host' },
  ]);
  t.ok(media[0]!.candidates![0]!.priority > media[0]!.candidates![1]!.priority);
  t.equal(media[0]!.endOfCandidates, 'end-of-candidates');
  t.equal(media[0]!.rtcpRsize, 'rtcp-rsize');
  t.equal(media[1]!.rtcpRsize, undefined, 'not offered, not answered (RFC 5506 §5.1)');
});

t.test('is the DTLS client of a publisher that can only be the server', async (t) => {
  const passive = offerOf(VIDEO, AUDIO).replaceAll('setup:actpass', 'setup:passive');
  for (const { setup } of answer(passive).media) t.equal(setup, 'active');
  const active = offerOf(VIDEO, AUDIO).replaceAll('setup:actpass', 'setup:active');
  for (const { setup } of answer(active).media) t.equal(setup, 'passive');
});

t.test('takes sound that has a payload type of its own, without comfort noise', async (t) => {
  const offer = offerOf(AUDIO).replace('a=rtpmap:0 ', 'a=rtpmap:13 CN/8000\r\na=rtpmap:0 ');
  const mapped = offer.replace(/^(m=audio .*) 0$/m, '$1 0 8 13');
  const g711 = answer(mapped, [pcmu]).media[0]!;
  t.equal(String(g711.payloads), '0');
  t.match(g711.rtp, [{ payload: 0, codec: 'PCMU', rate: 8000 }]);
  t.same(g711.fmtp, []);
  const unmapped = answer(mapped, [pcma]).media[0]!;
  t.match(unmapped.rtp, [{ payload: 8, codec: 'PCMA', rate: 8000 }]);
});

t.test('repeats how the channels of surround sound are coded', async (t) => {
  const parameters = 'channel_mapping=0,4,1,2,3,5;coupled_streams=2;num_streams=4';
  const surround = offerOf(AUDIO)
    .replace(/^(m=audio \S+ \S+)/m, '$1 96')
    .replace(
      'a=rtpmap:111',
      `a=rtpmap:96 multiopus/48000/6\r\na=fmtp:96 ${parameters}\r\na=rtpmap:111`,
    );
  const [taken] = answer(surround).media;
  t.equal(String(taken!.payloads), '96');
  t.match(taken!.rtp, [{ codec: 'multiopus', rate: 48000, encoding: 6 }]);
  const config = new Set(taken!.fmtp[0]!.config.split(';'));
  for (const parameter of parameters.split(';')) t.ok(config.has(parameter), parameter);
  const contradictory = surround.replace('multiopus/48000/6', 'multiopus/48000/8');
  t.equal(String(answer(contradictory).media[0]!.payloads), '63 111');
});
