/**
 * The body of a trickle-ICE request (RFC 8840 §9, RFC 9725 §4.3.2). All media go over the first
 * section's transport, so that its candidates are all there is to tell.
 * @param sdp our offer
 * @param candidates `candidate:…` lines, without `a=`
 * @param isLast no further candidate will follow
 */
export function trickleFragment(sdp: string, candidates: string[], isLast: boolean): string {
  const lines = sdp.split('\r\n');
  const first = (start: string) => lines.find((line) => line.startsWith(start));
  return [
    first('a=group:BUNDLE'),
    first('m='),
    first('a=mid:'),
    first('a=ice-ufrag:'),
    first('a=ice-pwd:'),
    ...candidates.map((candidate) => `a=${candidate}`),
    isLast ? 'a=end-of-candidates' : undefined,
  ]
    .filter((line) => line !== undefined)
    .map((line) => `${line}\r\n`)
    .join('');
}
