/** One `m=` section of a made-up offer. */
export interface SectionLines {
  mid: string;
  media: string;
  lines: string[];
}

const IDENTITY = [
  'a=ice-ufrag:UDrg',
  'a=ice-pwd:Cd+k8wc8w9+t7ctmzpiO2E8/',
  'a=ice-options:trickle',
  'a=fingerprint:sha-256 9E:E2:74:1D:55:4A:CF:FD:79:D7:3B:97:9F:85:26:46:CC:D1:0B:BA:17:9A:A2:B8:9B:ED:FE:D8:AB:04:F3:B1',
  'a=setup:actpass',
];

/** A video section as Chromium writes it: H264 in both packetization modes among other codecs. */
export const VIDEO: SectionLines = {
  mid: '0',
  media: 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107 108 109 118',
  lines: [
    'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'a=extmap:3 urn:3gpp:video-orientation',
    'a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
    'a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:96 VP8/90000',
    'a=rtpmap:97 rtx/90000',
    'a=fmtp:97 apt=96',
    'a=rtpmap:104 H264/90000',
    'a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f',
    'a=rtpmap:107 rtx/90000',
    'a=fmtp:107 apt=104',
    'a=rtpmap:102 H264/90000',
    'a=rtcp-fb:102 goog-remb',
    'a=rtcp-fb:102 transport-cc',
    'a=rtcp-fb:102 ccm fir',
    'a=rtcp-fb:102 nack',
    'a=rtcp-fb:102 nack pli',
    'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    'a=rtpmap:103 rtx/90000',
    'a=fmtp:103 apt=102',
    'a=rtpmap:108 H264/90000',
    'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    'a=rtpmap:109 rtx/90000',
    'a=fmtp:109 apt=108',
    'a=rtpmap:118 red/90000',
    'a=ssrc-group:FID 2921507310 208929112',
    'a=ssrc:208929112 cname:JwyywDCpV4cgYIXh',
    'a=ssrc:2921507310 cname:JwyywDCpV4cgYIXh',
  ],
};

/** An audio section as Chromium writes it. */
export const AUDIO: SectionLines = {
  mid: '1',
  media: 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 0',
  lines: [
    'a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=sendonly',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=rtcp-fb:111 transport-cc',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:63 red/48000/2',
    'a=fmtp:63 111/111',
    'a=rtpmap:0 PCMU/8000',
    'a=ssrc:2092222268 cname:JwyywDCpV4cgYIXh',
  ],
};

/** A data channel section. */
export const DATA: SectionLines = {
  mid: '2',
  media: 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  lines: ['a=sctp-port:5000', 'a=max-message-size:262144'],
};

/** Writes an offer of sections, all of them in one BUNDLE. */
export function offerOf(...sections: SectionLines[]): string {
  const lines = [
    'v=0',
    'o=- 372665195871620250 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${sections.map(({ mid }) => mid).join(' ')}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
  ];
  for (const { mid, media, lines: attributes } of sections) {
    lines.push(media, 'c=IN IP4 0.0.0.0', ...IDENTITY, `a=mid:${mid}`, ...attributes);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** A section without the lines that match. */
export function without(section: SectionLines, pattern: RegExp): SectionLines {
  return { ...section, lines: section.lines.filter((line) => !pattern.test(line)) };
}
