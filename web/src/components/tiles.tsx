import { effect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { playback } from '../model/console.ts';
import type { Tile } from '../model/tile.ts';
import { instantInWords } from '../model/time-zone.ts';
import { words } from '../words/language.ts';

/** The pictures of what is watched, beside each other. */
export function Tiles() {
  const tiles = playback.tiles.value;
  return (
    <div class="tiles" data-count={tiles.length}>
      {tiles.map((tile) => (
        <TileView key={tile.stream} tile={tile} />
      ))}
    </div>
  );
}

function TileView({ tile }: { tile: Tile }) {
  const say = words.value;
  const screen = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    tile.video.ariaLabel = say.pictureOf(tile.stream);
    screen.current!.prepend(tile.video);
    return () => tile.video.remove();
  }, [tile, say]);
  const state = tile.state.value;
  const isWaiting = playback.isWaiting.value || state === 'loading';
  const notes = { gap: say.notRecorded, nothing: say.nothingHere, failed: tile.message.value };
  const stalled = playback.isStalled.value && tile.isLive ? say.waitsForPictures : '';
  const note = !playback.hasMoment.value
    ? ''
    : (notes[state as keyof typeof notes] ?? (tile.message.value || stalled));
  return (
    <div class="screen tile" ref={screen} data-stream-tile={tile.stream} data-tile-state={state}>
      <p class="tile-name">{tile.stream}</p>
      <p class="screen-note" role="status" hidden={note === '' && !isWaiting}>
        {note || say.loading}
      </p>
    </div>
  );
}

/** When the picture was taken that is shown, to the millisecond. */
export function PlaybackClock() {
  const clock = useRef<HTMLTimeElement>(null);
  // With each picture and in the same moment, where a component would be drawn some time later.
  useLayoutEffect(
    () =>
      effect(() => {
        const epochMs = playback.shownMs.value;
        clock.current!.dateTime = epochMs === undefined ? '' : new Date(epochMs).toISOString();
        clock.current!.textContent = epochMs === undefined ? '–' : instantInWords(epochMs);
      }),
    [],
  );
  return <time id="playback-clock" class="figures" ref={clock} />;
}
