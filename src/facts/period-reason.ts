/** Why a Period begins and the previous one ended. */
export const PERIOD_REASONS = {
  start: 'the first Period of the recording',
  'publisher-changed': 'the publisher left, was lost or was replaced',
  'tracks-changed': 'the publisher sends other tracks',
  'timeline-restart': 'a track started a new timeline (another SSRC, or timestamps that jump)',
  'resolution-change': 'the size of the pictures changed',
  'codec-change': 'the codec or its parameter sets changed',
  'orientation-change': 'the publisher turned or mirrored its picture',
  'reordering-change': 'pictures are reordered by more than before',
  midnight: 'a new UTC day, with a new day folder',
  'max-recording': 'the record reached its maximum duration',
  'picture-started': 'a picture joined the sound',
  'picture-stopped': 'the picture stopped, and the sound continues alone',
  'media-stopped': 'nothing was received for some seconds',
  'write-failed': 'the previous Period could not be written',
} as const;

/** See {@link PERIOD_REASONS}. */
export type PeriodReason = keyof typeof PERIOD_REASONS;
