import type { Configuration } from '../codecs/configuration.ts';
import type { Container, TrackFormat } from './container.ts';

/**
 * What the initialization segment of a track is made of.
 * @param compositionDelay see {@link TrackFormat.compositionDelay}
 * @throws RangeError where the codec is not written to the container, or the configuration not valid
 */
export function trackFormat(
  container: Container,
  configuration: Configuration,
  compositionDelay = 0,
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
  };
}
