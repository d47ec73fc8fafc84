import { effect } from '@preact/signals';
import { Clip } from './clip.ts';
import { Exports } from './exports.ts';
import { Playback } from './playback.ts';
import { Protections } from './protections.ts';
import { Publication } from './publication.ts';
import { refresh, streams } from './streams.ts';
import { nextMedia, Timeline } from './timeline.ts';

/** The stream that this browser publishes. */
export const publication = new Publication(() => void refresh());

/** What is watched. */
export const playback = new Playback(nextMedia);

/** What nothing deletes. */
export const protections = new Protections();

/** When there is something to watch. */
export const timeline = new Timeline(protections);

/** What is taken away as a file. */
export const clip = new Clip();

/** What the recorder writes as files. */
export const exports = new Exports();

effect(() => {
  if (streams.value !== undefined) publication.compare(streams.value);
});
