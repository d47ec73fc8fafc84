import type { Configuration } from '../codecs/configuration.ts';
import { UPRIGHT } from '../media/picture-orientation.ts';
import type { Container, TrackFormat } from './container.ts';

/** Properties of a track's pictures that their codec does not know. */
type ShownPictures = Pick<TrackFormat, 'compositionDelay' | 'orientation'>;

/**
 * The content of a track's initialization segment.
 * @param shown how its pictures are displayed, see {@link TrackFormat}
 * @throws RangeError if the container does not support the codec, or the configuration is invalid
 */
export function trackFormat(
  container: Container,
  configuration: Configuration,
  { compositionDelay = 0, orientation }: ShownPictures = {},
): TrackFormat {
  const { kind } = configuration;
  const timescale = container.timescale(configuration.timescale);
  const sampleEntry = configuration.sampleEntry(container.name);
  if (kind === 'audio') {
    const { channels, timescale: samplingRate } = configuration;
    return { kind, timescale, sampleEntry, channels, samplingRate };
  }
  const { width, height, colour, sampleAspectRatio } = configuration;
  return {
    ...{ kind, timescale, sampleEntry, width, height, compositionDelay },
    ...(colour && { colour }),
    ...(sampleAspectRatio && { sampleAspectRatio }),
    ...(orientation && orientation !== UPRIGHT && { orientation }),
  };
}
