/** Media senders are never silent for this long, except for still pictures without sound, µs. */
const QUIET_US = 250_000;
/** Longer silence is not treated as an outage: the sender may have nothing to send, µs. */
const LONGEST_US = 4_000_000;

/**
 * Whether the network to a sender is considered interrupted at `nowUs`. Then requests would not
 * reach it, so none is due, and the time does not count towards the wait for a response.
 * @param nowUs µs on the steady clock
 * @param heardUs arrival of the last packet of any of its tracks, same clock
 */
export function isNetworkOut(nowUs: number, heardUs: number): boolean {
  const silentUs = nowUs - heardUs;
  return silentUs > QUIET_US && silentUs < LONGEST_US;
}
