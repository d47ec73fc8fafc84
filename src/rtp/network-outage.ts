/** Senders of media are never quiet for this long, but those of still pictures without sound, in µs. */
const QUIET_US = 250_000;
/** Longer than outages that one waits for: a sender may also have nothing to say. In µs. */
const LONGEST_US = 4_000_000;

/**
 * Whether the network to a sender is to be taken for broken off at `nowUs`: no request could reach it,
 * so none is due, and the time is no part of the wait for an answer.
 * @param nowUs steady clock
 * @param heardUs when the last packet of any of its tracks arrived, same clock
 */
export function isNetworkOut(nowUs: number, heardUs: number): boolean {
  const silentUs = nowUs - heardUs;
  return silentUs > QUIET_US && silentUs < LONGEST_US;
}
