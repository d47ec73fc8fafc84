import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import { TIMESCALE } from '../media/media-time.ts';
import type { Container } from './container.ts';
import { mp4 } from './mp4/container.ts';
import { webm } from './webm/container.ts';

const CONTAINERS: Readonly<Record<ContainerName, Container>> = { mp4, webm };

/** What determines the format of a file: known from a track of a manifest and from a file name. */
export interface FileFormat {
  kind: TrackKind;
  container: ContainerName;
  /** Ticks per second, if a manifest or an initialization segment has told. */
  timescale?: number;
}

/** The container with a name. */
export function containerNamed(name: ContainerName): Container {
  return CONTAINERS[name];
}

/** Timescale of a file, ticks per second: the most common one of its kind if none has been told. */
export function timescaleOf({ kind, container, timescale }: FileFormat): number {
  return timescale ?? CONTAINERS[container].timescale(TIMESCALE[kind]);
}
