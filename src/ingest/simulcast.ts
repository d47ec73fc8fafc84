import type { MediaDescription } from 'sdp-transform';
import type { PayloadFormat } from '../media/payload-format.ts';
import type { AnnouncedLayers } from '../rtp/media-section.ts';

/** Maximum number of encodings; no publisher sends more. */
const MAX_LAYERS = 8;

/**
 * The encodings that a video section offers to send simultaneously: those of `a=simulcast:send`
 * (RFC 8853 §5.1) that have an `a=rid` for sending (RFC 8851 §4), the first of each alternative;
 * otherwise those of `a=rid` alone, of `a=ssrc-group:SIM`, or of several SSRCs.
 * @param formats the accepted formats: encodings in other formats (`pt=`) are ignored
 * @returns undefined if there is only one
 */
export function announcedLayers(
  media: MediaDescription,
  formats: readonly PayloadFormat[],
): AnnouncedLayers | undefined {
  const sent = sentRids(media, formats);
  const list = simulcastList(media);
  const rids = (list === undefined ? sent : list.filter((rid) => sent.includes(rid))).slice(
    0,
    MAX_LAYERS,
  );
  if (rids.length > 1 || (list !== undefined && rids.length > 0)) return { rids, ssrcs: [] };
  const ssrcs = layerSsrcs(media).slice(0, MAX_LAYERS);
  return ssrcs.length > 1 ? { rids: [], ssrcs } : undefined;
}

/**
 * The answer to offered encodings: all are received. Nothing is answered if they were not offered
 * as simulcast.
 */
export function answeredLayers(
  media: MediaDescription,
  layers: AnnouncedLayers | undefined,
): Pick<MediaDescription, 'rids' | 'simulcast'> {
  if (layers === undefined || layers.rids.length === 0 || simulcastList(media) === undefined) {
    return {};
  }
  return {
    rids: (media.rids ?? [])
      .filter(({ id }) => layers.rids.includes(String(id)))
      // RFC 8851 §6.3: restrictions of an encoding are repeated.
      .map((rid) => ({ ...rid, direction: 'recv' })),
    simulcast: { dir1: 'recv', list1: layers.rids.join(';') },
  };
}

function sentRids(media: MediaDescription, formats: readonly PayloadFormat[]): string[] {
  const rids = (media.rids ?? []).filter(({ direction, params }) => {
    if (direction !== 'send') return false;
    const payloadTypes = /(?:^|;)\s*pt=([\d,]+)/.exec(params ?? '')?.[1]?.split(',');
    return (
      payloadTypes === undefined ||
      formats.some(({ payloadType }) => payloadTypes.includes(String(payloadType)))
    );
  });
  return [...new Set(rids.map(({ id }) => String(id)))];
}

/** Undefined if no simulcast is offered. A `~` marks an encoding that is initially paused. */
function simulcastList({ simulcast }: MediaDescription): string[] | undefined {
  if (simulcast === undefined) return undefined;
  const { dir1, list1, dir2, list2 } = simulcast;
  const list = dir1 === 'send' ? list1 : dir2 === 'send' ? list2 : undefined;
  return list
    ?.trim()
    .split(';')
    .map((alternatives) => alternatives.split(',')[0]!.trim().replace(/^~/, ''));
}

function layerSsrcs(media: MediaDescription): number[] {
  const groups = media.ssrcGroups ?? [];
  const numbers = (ssrcs: unknown) => String(ssrcs).trim().split(/\s+/).map(Number);
  const simulcast = groups.find(({ semantics }) => semantics === 'SIM');
  if (simulcast !== undefined) return numbers(simulcast.ssrcs);
  // In other groups (FID of RFC 5576, FEC-FR of RFC 5956), the first SSRC is the media.
  const repairs = new Set(groups.flatMap(({ ssrcs }) => numbers(ssrcs).slice(1)));
  const announced = new Set((media.ssrcs ?? []).map(({ id }) => Number(id)));
  return [...announced].filter((ssrc) => !repairs.has(ssrc));
}
