import { readAnswer, type WhepAnswer } from '../../src/ingest/whep-answer.ts';
import { WhepError } from '../../src/ingest/whep-error.ts';
import { WANTED_SECTIONS } from '../../src/ingest/whep-offer.ts';
import { Demultiplexer } from '../../src/rtp/demultiplexer.ts';
import { type FuzzTarget, must } from '../target.ts';
import { target as offers } from './sdp-offer.ts';

const hash = Array(32).fill('AB').join(':');
const section = (kind: string, mid: string, numbers: string, lines: string[]) =>
  [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${numbers}`,
    ...['c=IN IP4 0.0.0.0', 'a=setup:active', `a=mid:${mid}`, 'a=ice-ufrag:nlrSPTUWyNxQxKgk'],
    ...['a=ice-pwd:QzQtuItvMggyoOiaBbuXnmpcsxQCInpX', 'a=rtcp-mux', 'a=rtcp-rsize', ...lines],
    'a=candidate:1 1 udp 2130706431 127.0.0.1 51956 typ host generation 7 ufrag x',
    'a=candidate:5 1 UDP 2130706431 ::1 51956 typ host',
    'a=sendonly',
  ].join('\r\n');

const answer = [
  ...['v=0', 'o=- 6369654604956189204 895539551 IN IP4 0.0.0.0', 's=-', 't=0 0'],
  ...[`a=fingerprint:sha-256 ${hash}`, 'a=ice-lite', 'a=group:BUNDLE 0 1'],
  section('video', '0', '98 96 99', [
    'a=rtpmap:98 H264/90000',
    'a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    ...['a=rtcp-fb:98 nack', 'a=rtcp-fb:98 nack pli', 'a=rtcp-fb:98 transport-cc'],
    ...['a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1', 'a=rtpmap:99 rtx/90000'],
    ...['a=fmtp:99 apt=98', 'a=ssrc:1126407107 cname:webrtc'],
  ]),
  section('audio', '1', '108', ['a=rtpmap:108 opus/48000/2', 'a=fmtp:108 minptime=10']),
  '',
].join('\r\n');

/** A server's answer to our offer. */
export const target: FuzzTarget = {
  covers: ['src/ingest/whep-answer.ts', 'src/ingest/description.ts', 'src/ingest/sdp-lines.ts'],
  maxBytes: offers.maxBytes,
  lines: true,
  dictionary: [
    ...offers.dictionary!,
    'a=candidate:1 1 udp 1 192.0.2.1 5 typ relay\r\n',
    'a=inactive\r\n',
  ],
  seeds: () => [Buffer.from(answer)],
  run(input) {
    let read: WhepAnswer;
    try {
      read = readAnswer(input.toString());
    } catch (error) {
      if (error instanceof WhepError && error.kind === 'bad-answer') return;
      throw error;
    }
    const { sections, ice, fingerprints, dtlsRole } = read;
    must(sections.length >= 1 && sections.length <= WANTED_SECTIONS.length, 'something is sent');
    must(fingerprints.length > 0, 'there is a certificate to expect');
    must(ice.candidates.length <= 64, 'candidates have a bound');
    must(dtlsRole === 'client' || dtlsRole === 'server', 'there is a role');
    for (const { formats } of sections) {
      const numbers = new Set(formats.map(({ payloadType }) => payloadType));
      must(numbers.size === formats.length && numbers.size > 0, 'payload types differ');
    }
    new Demultiplexer(sections);
  },
};
