import type { Configuration } from '../codecs/configuration.ts';
import { UPRIGHT } from '../media/picture-orientation.ts';
import type { Container, TrackFormat } from './container.ts';

/** What the pictures of a track need that their codec does not know. */
type ShownPictures = Pick<TrackFormat, 'compositionDelay' | 'orientation'>;

/**
 * What the initialization segment of a track is made of.
 * @param shown how its pictures are shown, see {@link TrackFormat}
 * @throws RangeError where the codec is not written to the container, or the configuration not valid
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
