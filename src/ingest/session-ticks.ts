/** Interval, ms. */
const TICK_MS = 20;

/** Called every 20 ms. It must not throw: others follow. */
export type Tick = () => void;

const ticks = new Set<Tick>();
let timer: NodeJS.Timeout | undefined;

/**
 * Calls `tick` every 20 ms until {@link endTicks}. All sessions of the thread have one timer, because a timer for each
 * wakes the thread by itself.
 */
export function beginTicks(tick: Tick): void {
  ticks.add(tick);
  timer ??= setInterval(tickAll, TICK_MS);
}

/** Calls `tick` no more. Without any, there is no timer. */
export function endTicks(tick: Tick): void {
  ticks.delete(tick);
  if (ticks.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function tickAll(): void {
  for (const tick of ticks) tick();
}
