import { SAMPLES } from '../model/bit-rates.ts';

const WIDTH = 120;
const HEIGHT = 24;

/** The course of a figure over the last minute, from zero to its highest. */
export function Sparkline({ values, label }: { values: number[]; label: string }) {
  if (values.length < 2) return null;
  const highest = Math.max(...values, 1);
  const points = values.map((value, place) => {
    const x = WIDTH * (1 - (values.length - 1 - place) / (SAMPLES - 1));
    const y = HEIGHT - 1 - (value / highest) * (HEIGHT - 2);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polyline points={points.join(' ')} />
    </svg>
  );
}
