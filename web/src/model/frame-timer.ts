// A worker of its own: browsers slow the timers of a page that is not in view, but not a worker's.

let framesPerSecond = 0;

function wait(): void {
  const now = performance.timeOrigin + performance.now();
  const interval = 1000 / framesPerSecond;
  // Due at whole multiples of the interval since the epoch: the first frame of a second is at .000.
  const frame = Math.floor(now / interval + 0.5) + 1;
  setTimeout(
    () => {
      postMessage(frame);
      wait();
    },
    frame * interval - now,
  );
}

addEventListener('message', ({ data }) => {
  framesPerSecond = data;
  wait();
});
