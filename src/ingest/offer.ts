import { type MediaDescription, parse, type SessionDescription } from 'sdp-transform';
import type { Codec } from '../codecs/codec.ts';
import { CODECS, codecNamed } from '../codecs/registry.ts';
import type { TrackKind } from '../media/access-unit.ts';
import type { PayloadFormat } from '../media/payload-format.ts';
import { Refusal } from '../refusal.ts';
import type { MediaSection } from '../rtp/media-section.ts';
import {
  bundledMids,
  checkDescription,
  type Fingerprint,
  fingerprints,
  iceCredentials,
  MAX_DESCRIPTION_LENGTH,
  mediaSection,
  sectionFormats,
} from './description.ts';
import { chooseFormats, formatRefusal } from './format-choice.ts';
import { type IceCredentials, sdpLines } from './sdp-lines.ts';
import { announcedLayers } from './simulcast.ts';
import type { DtlsRole } from './werift-tap.ts';

/** An `m=` section of an offer, and how it is answered. */
export interface OfferedSection {
  /** As parsed, for the parts that an answer repeats. */
  media: MediaDescription;
  mid: string;
  /** The formats to receive; `undefined` if the section is rejected. */
  taken: MediaSection | undefined;
}

/** A WHIP offer that can be recorded. */
export interface Offer {
  sections: OfferedSection[];
  /** ICE credentials of the offerer. */
  ice: IceCredentials;
  /** Fingerprints of the offerer's DTLS certificate, one of which must match. */
  fingerprints: Fingerprint[];
  /** Our role in the DTLS handshake. */
  dtlsRole: DtlsRole;
}

/**
 * Parses a WHIP offer (RFC 9725 §4.2, RFC 9429) and chooses what to receive: at most one video and
 * one audio section.
 * @param codecs the wanted codecs in order of preference; all if absent
 * @throws Refusal `bad-sdp` if the text is not SDP or lacks what WebRTC requires of an offer;
 * `unacceptable-offer` if it contains nothing that can be recorded, with what it has and what could
 * be recorded
 */
export function readOffer(text: string, codecs: readonly Codec[] = CODECS): Offer {
  const lines = sdpLines(text, 'offer', MAX_DESCRIPTION_LENGTH);
  checkDescription(lines, 'offer');
  const session = parse(lines.join('\r\n'));
  const bundled = bundledMids(session);

  const sections: OfferedSection[] = session.media.map((media) => ({
    media,
    mid: media.mid === undefined ? '' : String(media.mid),
    taken: undefined,
  }));
  const mids = sections.map((section) => section.mid);
  if (new Set(mids).size !== mids.length) {
    throw new Refusal('bad-sdp', 'each m= section of the offer needs its own a=mid');
  }

  for (const kind of ['video', 'audio'] as const) takeSection(codecs, kind, sections, session);
  const taken = sections.filter((section) => section.taken !== undefined);
  const first = taken[0];
  if (first === undefined) {
    throw new Refusal(
      'unacceptable-offer',
      `the offer sends neither video nor audio; we can record ${recordable(codecs, 'video')} and ${recordable(codecs, 'audio')}`,
    );
  }
  for (const section of taken) {
    if (taken.length > 1 && !bundled.includes(section.mid)) {
      throw new Refusal('bad-sdp', `a=group:BUNDLE of the offer must name a=mid:${section.mid}`);
    }
    if (section.media.rtcpMux === undefined) {
      throw new Refusal('bad-sdp', `section ${section.mid} of the offer needs a=rtcp-mux`);
    }
  }
  if (session.icelite !== undefined) {
    throw new Refusal(
      'unacceptable-offer',
      'the offer is ice-lite, and so is the recorder: neither side would begin',
    );
  }
  return {
    sections,
    ice: iceCredentials(session, first.media, 'offer'),
    fingerprints: fingerprints(lines, session.media.indexOf(first.media), 'offer'),
    dtlsRole: dtlsRole(session, first.media),
  };
}

function sends(media: MediaDescription, session: SessionDescription): boolean {
  const direction = media.direction ?? session.direction ?? 'sendrecv';
  // RFC 8843 §6: a bundle-only section has port 0 and is offered nevertheless.
  const offered = media.port !== 0 || media.bundleOnly !== undefined;
  return offered && (direction === 'sendrecv' || direction === 'sendonly');
}

function takeSection(
  codecs: readonly Codec[],
  kind: TrackKind,
  sections: readonly OfferedSection[],
  session: SessionDescription,
): void {
  const sending = sections.filter(({ media }) => media.type === kind && sends(media, session));
  const names = new Set<string>();
  const reasons = new Set<string>();
  for (const section of sending) {
    if (!/^(?:UDP\/TLS\/)?RTP\/SAVPF$/i.test(section.media.protocol)) {
      throw new Refusal(
        'unacceptable-offer',
        `section ${section.mid} of the offer has protocol ${section.media.protocol}; it must be UDP/TLS/RTP/SAVPF`,
      );
    }
    const offered = sectionFormats(section.media, 'offer');
    for (const { encodingName } of offered) {
      if (encodingName.toLowerCase() !== 'rtx') names.add(encodingName);
    }
    for (const format of offered) {
      const reason = formatRefusal(codecs, kind, format);
      if (reason !== undefined) reasons.add(`; ${reason}`);
    }
    const formats = chooseFormats(codecs, kind, offered);
    if (formats.length === 0) continue;
    if (section.mid === '') {
      throw new Refusal('bad-sdp', `the ${kind} section of the offer needs a=mid`);
    }
    const layers = kind === 'video' ? announcedLayers(section.media, formats) : undefined;
    section.taken = {
      ...mediaSection(kind, section.media, section.mid, formats, session),
      ...(layers && { layers }),
    };
    // Who is not asked to say how its pictures lie turns them itself.
    if (isSentUpright(formats)) delete section.taken.extensions.videoOrientation;
    return;
  }
  if (sending.length > 0) {
    throw new Refusal(
      'unacceptable-offer',
      `the offer's ${kind} has ${[...names].join(', ') || 'no codec'}; we can record ${recordable(codecs, kind)}${[...reasons].join('')}`,
    );
  }
}

function isSentUpright(formats: readonly PayloadFormat[]): boolean {
  return formats.some(({ codec }) => codecNamed(codec)?.description.isSentUpright);
}

function recordable(codecs: readonly Codec[], kind: TrackKind): string {
  const ofKind = codecs.filter((codec) => codec.kind === kind);
  return ofKind.map(({ description }) => description.inWords).join(', ');
}

// RFC 8842 §5.3: the answerer chooses if it may. As the server, we need not wait until the
// publisher can be reached. RFC 9725 §4.4.1 only permits actpass in a WHIP offer, but FFmpeg 8.0
// and 8.1 offer passive.
function dtlsRole(session: SessionDescription, media: MediaDescription): DtlsRole {
  const setup = (media.setup ?? session.setup)?.toLowerCase();
  if (setup === 'actpass' || setup === 'active') return 'server';
  if (setup === 'passive') return 'client';
  throw new Refusal(
    'bad-sdp',
    'the offer needs a=setup:actpass, a=setup:active or a=setup:passive',
  );
}
