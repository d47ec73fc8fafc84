/**
 * Why H265 with these `fmtp` parameters (RFC 7798 §7.1) cannot be recorded.
 *
 * @returns a sentence; undefined if it can be recorded
 */
export function h265Refusal(parameters: Record<string, string>): string | undefined {
  const isPresent = (name: string) => Number(parameters[name] ?? 0) !== 0;
  if (isPresent('sprop-max-don-diff') || isPresent('sprop-depack-buf-nalus')) {
    return 'H265 NAL units out of decoding order (sprop-max-don-diff above 0) cannot be recorded';
  }
  if ((parameters['tx-mode'] ?? 'SRST').toUpperCase() !== 'SRST') {
    return `H265 in several RTP streams (tx-mode ${parameters['tx-mode']}) cannot be recorded`;
  }
  return undefined;
}
