import type { TrackKind } from '../media/access-unit.ts';
import type { ContainerName } from '../media/container-name.ts';
import { TIMESCALE } from '../media/media-time.ts';
import type { Container } from './container.ts';
import { mp4 } from './mp4/container.ts';
import { webm } from './webm/container.ts';

const CONTAINERS: Readonly<Record<ContainerName, Container>> = { mp4, webm };

/** What decides how a file's bytes are read: a track of a manifest and the name of a file tell both. */
export interface FileFormat {
  kind: TrackKind;
  container: ContainerName;
}

/** The container format of a name. */
export function containerNamed(name: ContainerName): Container {
  return CONTAINERS[name];
}

/** Ticks a second in which a file counts time. */
export function timescaleOf({ kind, container }: FileFormat): number {
  return CONTAINERS[container].timescale(TIMESCALE[kind]);
}
