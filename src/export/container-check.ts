import type { ContainerName } from '../media/container-name.ts';
import type { RangePeriod, RecordedRange } from '../playback/recorded-range.ts';
import { Refusal } from '../refusal.ts';

/** Formats of an export, as people call them. */
const TITLES: Record<ContainerName, string> = { mp4: 'MP4', webm: 'WebM' };

/**
 * Makes sure that the pictures of a range can be in a file of a format. Sound can be in each.
 * @throws Refusal `other-container` that says what to ask for instead
 */
export function checkContainer({ stream, periods }: RecordedRange, container: ContainerName): void {
  const others = periods.filter(({ video }) => video && video.container !== container);
  const [first] = others;
  if (first?.video === undefined) {
    if (container === 'webm' && periods.every(({ video }) => video === undefined)) {
      throw new Refusal(
        'other-container',
        `${stream} has sound alone in this range; ask for export.mp4 with the same range`,
      );
    }
    return;
  }
  const other = first.video.container;
  const codec = first.video.codecs;
  if (others.length === periods.filter(({ video }) => video).length) {
    throw new Refusal(
      'other-container',
      `${stream} has ${codec} in this range, which is exported as ${TITLES[other]}; ask for export.${other} with the same range`,
    );
  }
  throw new Refusal(
    'other-container',
    `${stream} changes its codec in this range to one of another format: ${stretchesOf(periods)}; ask for each of them on its own`,
  );
}

/** Which stretches of a range can be exported as what, in words. */
function stretchesOf(periods: readonly RangePeriod[]): string {
  const stretches: { container: ContainerName; startUs: number; endUs: number }[] = [];
  for (const { video, startUs, endUs } of periods) {
    if (video === undefined) continue;
    const last = stretches.at(-1);
    if (last?.container === video.container) last.endUs = endUs;
    else stretches.push({ container: video.container, startUs, endUs });
  }
  return stretches
    .map(({ container, startUs, endUs }) => {
      const [start, end] = [startUs, endUs].map((us) => new Date(us / 1000).toISOString());
      return `export.${container} from ${start} to ${end}`;
    })
    .join(', ');
}
