/** An instant on the sender's wall clock and on the RTP clock of a stream (RFC 3550 §6.4.1). */
export interface SenderReport {
  /** The sender's wall clock, µs since the Unix epoch. It may be wrong: check its plausibility. */
  ntpUs: number;
  /** 32 bits, ticks of the track's clock rate. */
  rtpTimestamp: number;
  /** Arrival of the report, µs since the Unix epoch on the steady clock. */
  arrivalUs: number;
}
