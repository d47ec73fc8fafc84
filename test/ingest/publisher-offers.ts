import { AUDIO, offerOf, VIDEO } from './offers.ts';

/** What a publisher's program sends as its offer, in the form in which it writes it. */
export interface PublisherOffer {
  /** The program, and the version whose form this is. */
  program: string;
  sdp: string;
}

// The attributes that we read, in their places and spelling, with identifiers of our own.

const HASH = Array(32).fill('5E').join(':');
const SHA_256 = `a=fingerprint:sha-256 ${HASH}`;
const SHA_512 = `a=fingerprint:sha-512 ${HASH}:${HASH}`;
const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const RID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
const REPAIRED_RID = 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id';
const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

function sdp(...lines: (string | string[])[]): string {
  return `${lines.flat().join('\r\n')}\r\n`;
}

/** Credentials as a program writes them. */
function ice(ufrag: string, password: string): string[] {
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`];
}

/** Feedback of one payload type. */
function feedback(payloadType: number, ...kinds: string[]): string[] {
  return kinds.map((kind) => `a=rtcp-fb:${payloadType} ${kind}`);
}

const MODE_1 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';
const MODE_0 = 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f';

const PION_ICE = ice('kmXpQzRtYbNvLsWc', 'hGfDsAqWeRtYuIoPzXcVbNmLkJhGfDsA');
const PION_FEEDBACK = ['goog-remb ', 'ccm fir', 'nack ', 'nack pli', 'transport-cc '];

const FFMPEG_SECTION = (mid: number) => [
  'c=IN IP4 0.0.0.0',
  ...ice('0a1b2c3d', '00112233445566778899aabbccddeeff'),
  SHA_256,
  'a=setup:passive',
  `a=mid:${mid}`,
  'a=sendonly',
];

const GSTREAMER_SECTION = [
  'c=IN IP4 0.0.0.0',
  'a=setup:actpass',
  ...ice('q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6', 'Z1x2C3v4B5n6M7+8/9A0s1D2f3G4h5J6'),
];

const AIORTC_TRANSPORT = [
  'a=candidate:00112233445566778899aabbccddeeff 1 udp 2130706431 192.0.2.9 41561 typ host',
  'a=end-of-candidates',
  ...ice('Ab3d', 'Ab3dEf6hIj9lMn2pQr5tUv'),
  ...[SHA_256, SHA_512, 'a=setup:actpass'],
];

const BROWSER_ICE = ice('9hJk', 'Qw3rTy5uIo7pAs9dFg1hJk3l');

/** Published forms of the offers of programs that publish over WHIP. */
export const PUBLISHER_OFFERS: readonly PublisherOffer[] = [
  {
    program: 'pion 4',
    sdp: sdp(
      ...['v=0', 'o=- 1234567890123456789 1735689600 IN IP4 0.0.0.0', 's=-', 't=0 0'],
      ...['a=msid-semantic:WMS *', SHA_256, 'a=extmap-allow-mixed', 'a=group:BUNDLE 0 1'],
      'm=video 9 UDP/TLS/RTP/SAVPF 102 103 104 105',
      ...['c=IN IP4 0.0.0.0', 'a=setup:actpass', 'a=mid:0'],
      PION_ICE,
      ...['a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:102 H264/90000'],
      'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
      feedback(102, ...PION_FEEDBACK),
      ...['a=rtpmap:103 rtx/90000', 'a=fmtp:103 apt=102', 'a=rtpmap:104 H264/90000'],
      'a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f',
      feedback(104, ...PION_FEEDBACK),
      ...['a=rtpmap:105 rtx/90000', 'a=fmtp:105 apt=104'],
      ...[`a=extmap:1 ${MID}`, `a=extmap:2 ${RID}`, `a=extmap:3 ${REPAIRED_RID}`],
      `a=extmap:4 ${TRANSPORT_CC}`,
      ...['a=ssrc-group:FID 1111111111 2222222222', 'a=ssrc:1111111111 cname:pion'],
      ...['a=ssrc:1111111111 msid:pion video', 'a=ssrc:2222222222 cname:pion', 'a=sendonly'],
      'm=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 8',
      ...['c=IN IP4 0.0.0.0', 'a=setup:actpass', 'a=mid:1'],
      PION_ICE,
      ...['a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:111 opus/48000/2'],
      'a=fmtp:111 minptime=10;useinbandfec=1',
      ...['a=rtcp-fb:111 nack ', 'a=rtcp-fb:111 transport-cc ', 'a=rtpmap:9 G722/8000'],
      ...['a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', `a=extmap:1 ${MID}`],
      ...[`a=extmap:4 ${TRANSPORT_CC}`, 'a=ssrc:3333333333 cname:pion', 'a=sendonly'],
    ),
  },
  {
    program: 'FFmpeg 8.0',
    sdp: sdp(
      ...['v=0', 'o=FFmpeg 1234567890123456789 2 IN IP4 127.0.0.1', 's=FFmpegPublishSession'],
      ...['t=0 0', 'a=group:BUNDLE 0 1', 'a=extmap-allow-mixed', 'a=msid-semantic: WMS'],
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      FFMPEG_SECTION(0),
      ...['a=msid:FFmpeg audio', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2'],
      'a=ssrc:1111111111 cname:FFmpeg',
      'm=video 9 UDP/TLS/RTP/SAVPF 106 105',
      FFMPEG_SECTION(1),
      ...['a=msid:FFmpeg video', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:106 H264/90000'],
      'a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e00d',
      'a=ssrc:2222222222 cname:FFmpeg',
    ),
  },
  {
    program: 'GStreamer 1.22 webrtcbin',
    sdp: sdp(
      ...['v=0', 'o=- 1234567890123456789 0 IN IP4 0.0.0.0', 's=-', 't=0 0'],
      ...['a=ice-options:trickle', 'a=group:BUNDLE video0 audio1'],
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      GSTREAMER_SECTION,
      ...['a=rtcp-mux', 'a=rtcp-rsize', 'a=sendrecv', 'a=rtpmap:96 H264/90000'],
      feedback(96, 'nack pli', 'ccm fir', 'transport-cc'),
      'a=framerate:25',
      'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAFdkBQfsBagwMDUo=,aMuMsg==;profile-level-id=42c015;level-asymmetry-allowed=1',
      'a=ssrc:1111111111 msid:user1@host-1 webrtctransceiver0',
      ...['a=ssrc:1111111111 cname:user1@host-1', 'a=mid:video0', SHA_256, 'a=rtcp-mux-only'],
      'm=audio 0 UDP/TLS/RTP/SAVPF 97',
      GSTREAMER_SECTION,
      ...['a=bundle-only', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=sendrecv'],
      ...['a=rtpmap:97 OPUS/48000/2', 'a=rtcp-fb:97 transport-cc'],
      'a=fmtp:97 sprop-stereo=0;sprop-maxcapturerate=48000',
      'a=ssrc:2222222222 msid:user1@host-1 webrtctransceiver1',
      ...['a=ssrc:2222222222 cname:user1@host-1', 'a=mid:audio1', SHA_256, 'a=rtcp-mux-only'],
    ),
  },
  {
    program: 'aiortc 1.16',
    sdp: sdp(
      ...['v=0', 'o=- 1234567890 1234567890 IN IP4 0.0.0.0', 's=-', 't=0 0'],
      ...['a=group:BUNDLE 0 1', 'a=msid-semantic:WMS *'],
      'm=audio 41561 UDP/TLS/RTP/SAVPF 96 9 0 8',
      ...['c=IN IP4 192.0.2.9', 'a=sendonly', `a=extmap:1 ${MID}`],
      'a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
      ...['a=mid:0', 'a=msid:stream track', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=rtcp-mux'],
      ...['a=ssrc:1111111111 cname:some-name', 'a=rtpmap:96 opus/48000/2'],
      ...['a=rtpmap:9 G722/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000'],
      AIORTC_TRANSPORT,
      'm=video 53129 UDP/TLS/RTP/SAVPF 97 98 99 100 101 102',
      ...['c=IN IP4 192.0.2.9', 'a=sendonly', `a=extmap:1 ${MID}`],
      ...[`a=extmap:3 ${ABS_SEND_TIME}`, 'a=mid:1', 'a=msid:stream track'],
      ...['a=rtcp:9 IN IP4 0.0.0.0', 'a=rtcp-mux', 'a=ssrc-group:FID 2222222222 3333333333'],
      ...['a=ssrc:2222222222 cname:some-name', 'a=ssrc:3333333333 cname:some-name'],
      'a=rtpmap:97 VP8/90000',
      feedback(97, 'nack', 'nack pli', 'goog-remb'),
      ...['a=rtpmap:98 rtx/90000', 'a=fmtp:98 apt=97', 'a=rtpmap:99 H264/90000'],
      feedback(99, 'nack', 'nack pli', 'goog-remb'),
      'a=fmtp:99 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
      ...['a=rtpmap:100 rtx/90000', 'a=fmtp:100 apt=99', 'a=rtpmap:101 H264/90000'],
      feedback(101, 'nack', 'nack pli', 'goog-remb'),
      ...[`a=fmtp:101 ${MODE_1}`, 'a=rtpmap:102 rtx/90000', 'a=fmtp:102 apt=101'],
      AIORTC_TRANSPORT,
    ),
  },
  {
    program: 'libdatachannel 0.22 (OBS)',
    sdp: sdp(
      ...['v=0', 'o=rtc 1234567890 0 IN IP4 127.0.0.1', 's=-', 't=0 0'],
      ...['a=group:BUNDLE 0 1', 'a=group:LS 0 1', 'a=msid-semantic:WMS *'],
      ...['a=ice-options:ice2,trickle', SHA_256],
      ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=mid:0', 'a=sendonly'],
      ...['a=ssrc:1111111111 cname:abcdefgh', 'a=ssrc:1111111111 msid:stream stream-audio'],
      ...['a=msid:stream stream-audio', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2'],
      ...['a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1'],
      ...['a=setup:actpass', ...ice('wXyZ', 'Xy4zAb6cDe8fGh0iJk2lMn')],
      ...['m=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:1', 'a=sendonly'],
      ...['a=ssrc:2222222222 cname:abcdefgh', 'a=ssrc:2222222222 msid:stream stream-video'],
      ...['a=msid:stream stream-video', 'a=rtcp-mux', 'a=rtpmap:96 H264/90000'],
      feedback(96, 'nack', 'nack pli', 'goog-remb'),
      'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
      ...['a=setup:actpass', ...ice('wXyZ', 'Xy4zAb6cDe8fGh0iJk2lMn')],
    ),
  },
  { program: 'Chromium', sdp: offerOf(VIDEO, AUDIO) },
  {
    program: 'Firefox 130',
    sdp: sdp(
      ...['v=0', 'o=mozilla...THIS_IS_SDPARTA-99.0 1234567890123456789 0 IN IP4 0.0.0.0', 's=-'],
      ...['t=0 0', 'a=sendrecv', SHA_256, 'a=group:BUNDLE 0 1', 'a=ice-options:trickle'],
      'a=msid-semantic:WMS *',
      ...['m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101', 'c=IN IP4 0.0.0.0', 'a=sendonly'],
      'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
      'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
      ...[`a=extmap:3 ${MID}`, 'a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1'],
      'a=fmtp:101 0-15',
      ice('a1b2c3d4', '0123456789abcdef0123456789abcdef'),
      ...['a=mid:0', 'a=msid:{00000000-0000-0000-0000-000000000001} {a}', 'a=rtcp-mux'],
      ...['a=rtpmap:109 opus/48000/2', 'a=rtpmap:9 G722/8000/1', 'a=rtpmap:0 PCMU/8000'],
      ...['a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000/1', 'a=setup:actpass'],
      'a=ssrc:1111111111 cname:{00000000-0000-0000-0000-000000000009}',
      'm=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127 97 98 123',
      ...['c=IN IP4 0.0.0.0', 'a=sendonly', `a=extmap:3 ${MID}`, `a=extmap:4 ${ABS_SEND_TIME}`],
      'a=extmap:5 urn:ietf:params:rtp-hdrext:toffset',
      ...['a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'],
      ...[`a=extmap:7 ${TRANSPORT_CC}`, `a=fmtp:126 ${MODE_1}`, `a=fmtp:97 ${MODE_0}`],
      ...['a=fmtp:120 max-fs=12288;max-fr=60', 'a=fmtp:124 apt=120', 'a=fmtp:127 apt=126'],
      'a=fmtp:98 apt=97',
      ice('a1b2c3d4', '0123456789abcdef0123456789abcdef'),
      ...['a=mid:1', 'a=msid:{00000000-0000-0000-0000-000000000001} {v}'],
      feedback(126, 'nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc'),
      feedback(97, 'nack', 'nack pli', 'ccm fir', 'goog-remb', 'transport-cc'),
      ...['a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:120 VP8/90000', 'a=rtpmap:124 rtx/90000'],
      ...['a=rtpmap:126 H264/90000', 'a=rtpmap:127 rtx/90000', 'a=rtpmap:97 H264/90000'],
      ...['a=rtpmap:98 rtx/90000', 'a=rtpmap:123 ulpfec/90000', 'a=setup:actpass'],
      'a=ssrc:2222222222 cname:{00000000-0000-0000-0000-000000000009}',
      'a=ssrc:3333333333 cname:{00000000-0000-0000-0000-000000000009}',
      'a=ssrc-group:FID 2222222222 3333333333',
    ),
  },
  {
    program: 'Safari 17',
    sdp: sdp(
      ...['v=0', 'o=- 1234567890123456789 2 IN IP4 127.0.0.1', 's=-', 't=0 0'],
      ...['a=group:BUNDLE 0 1', 'a=extmap-allow-mixed', 'a=msid-semantic: WMS some-stream'],
      ...['m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 110', 'c=IN IP4 0.0.0.0'],
      ...['a=rtcp:9 IN IP4 0.0.0.0', ...BROWSER_ICE, 'a=ice-options:trickle', SHA_256],
      ...['a=setup:actpass', 'a=mid:0', 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level'],
      ...[`a=extmap:2 ${ABS_SEND_TIME}`, `a=extmap:3 ${TRANSPORT_CC}`, `a=extmap:4 ${MID}`],
      ...['a=sendonly', 'a=msid:some-stream some-track', 'a=rtcp-mux'],
      ...['a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc'],
      ...['a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:63 red/48000/2'],
      ...['a=fmtp:63 111/111', 'a=rtpmap:9 G722/8000', 'a=rtpmap:0 PCMU/8000'],
      ...['a=rtpmap:8 PCMA/8000', 'a=rtpmap:110 telephone-event/48000'],
      ...['a=ssrc:1111111111 cname:some-name', 'a=ssrc:1111111111 msid:some-stream some-track'],
      ...['m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105', 'c=IN IP4 0.0.0.0'],
      ...['a=rtcp:9 IN IP4 0.0.0.0', ...BROWSER_ICE, 'a=ice-options:trickle', SHA_256],
      ...['a=setup:actpass', 'a=mid:1', 'a=extmap:14 urn:ietf:params:rtp-hdrext:toffset'],
      ...[`a=extmap:2 ${ABS_SEND_TIME}`, `a=extmap:3 ${TRANSPORT_CC}`, `a=extmap:4 ${MID}`],
      ...[`a=extmap:10 ${RID}`, `a=extmap:11 ${REPAIRED_RID}`, 'a=sendonly'],
      ...['a=msid:some-stream some-track', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:96 H264/90000'],
      feedback(96, 'goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'),
      'a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f',
      ...['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtpmap:102 H264/90000'],
      feedback(102, 'goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'),
      ...[`a=fmtp:102 ${MODE_1}`, 'a=rtpmap:103 rtx/90000', 'a=fmtp:103 apt=102'],
      ...['a=rtpmap:104 H265/90000', 'a=rtpmap:105 rtx/90000', 'a=fmtp:105 apt=104'],
      ...['a=ssrc-group:FID 2222222222 3333333333', 'a=ssrc:2222222222 cname:some-name'],
      'a=ssrc:3333333333 cname:some-name',
    ),
  },
];
