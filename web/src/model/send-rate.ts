/** What is sent at one moment. */
export interface SendStatistics {
  /** Of video and audio since the sample before, without overhead. */
  bitsPerSecond: number;
  /** Pixels. */
  width: number;
  height: number;
  framesPerSecond: number;
  /** Since the start. */
  framesEncoded: number;
  framesSent: number;
  /** The picture's first, e.g. `H264`, `opus`. */
  codecs: string[];
}

/** Turns the running counters of a peer connection into rates. */
export class SendRate {
  #bytes = 0;
  #timeMs = 0;

  /** @returns nothing for the first sample, which has none before it */
  sample(report: RTCStatsReport): SendStatistics | undefined {
    const outbound = [...report.values()].filter(({ type }) => type === 'outbound-rtp');
    const video = outbound.find(({ kind }) => kind === 'video');
    if (video === undefined) return undefined;
    const bytes = outbound.reduce((sum, stream) => sum + stream.bytesSent, 0);
    const [sentBytes, spanMs] = [bytes - this.#bytes, video.timestamp - this.#timeMs];
    const isFirst = this.#timeMs === 0;
    this.#bytes = bytes;
    this.#timeMs = video.timestamp;
    if (isFirst || spanMs <= 0) return undefined;
    return {
      bitsPerSecond: (sentBytes * 8000) / spanMs,
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      framesPerSecond: video.framesPerSecond ?? 0,
      framesEncoded: video.framesEncoded,
      framesSent: video.framesSent,
      codecs: outbound
        .toSorted((a, b) => b.kind.localeCompare(a.kind))
        .map(({ codecId }) => report.get(codecId)?.mimeType.split('/')[1])
        .filter((name) => name !== undefined),
    };
  }
}
