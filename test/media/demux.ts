import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input, type InputTrack } from 'mediabunny';
import { withJoinedFile } from './joined-file.ts';
import type { ProbedMedia, ProbedStream } from './probe.ts';

/**
 * Reads an initialization segment and any number of its media segments with mediabunny, which is
 * there without ffmpeg. It takes the container apart and decodes nothing: a frame is a packet here.
 * @param files paths, the initialization segment first
 * @throws Error when mediabunny cannot make anything of the file
 */
export function demuxSegments(files: string[]): Promise<ProbedMedia> {
  return withJoinedFile(files, async (path) => {
    const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
    try {
      const tracks = await input.getTracks();
      const streams = await Promise.all(tracks.map(demuxedStream));
      const pts: number[] = [];
      const keyframePts: number[] = [];
      const track = tracks[0]!;
      const { timescale } = streams[0]!;
      for await (const packet of new EncodedPacketSink(track).packets()) {
        const time = Math.round(packet.timestamp * timescale);
        pts.push(time);
        if (packet.type === 'key') keyframePts.push(time);
      }
      const count = pts.length;
      return { streams, packetCount: count, frameCount: count, pts, keyframePts, errors: [] };
    } finally {
      input.dispose();
    }
  });
}

async function demuxedStream(track: InputTrack): Promise<ProbedStream> {
  const timescale = await track.getTimeResolution();
  if (track.isVideoTrack()) {
    const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
    return {
      codecType: 'video',
      codecName: codecName(await track.getCodec()),
      timescale,
      width,
      height,
    };
  }
  if (!track.isAudioTrack()) throw new Error('neither picture nor sound');
  return {
    codecType: 'audio',
    codecName: codecName(await track.getCodec()),
    timescale,
    sampleRate: await track.getSampleRate(),
    channels: await track.getNumberOfChannels(),
  };
}

/** As ffmpeg calls it. */
function codecName(codec: string | null): string {
  return codec === 'avc' ? 'h264' : String(codec);
}
