import { playback } from '../model/console.ts';
import { locale, words } from '../words/language.ts';

/** Days of the streams that are watched of which the recorder can show nothing. */
export function LeftOutNotes() {
  const say = words.value;
  const day = new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeZone: 'UTC' });
  const list = new Intl.ListFormat(locale.value);
  const tiles = playback.tiles.value.filter((tile) => tile.leftOutDays.value.length > 0);
  return (
    <div class="left-out-notes" role="status">
      {tiles.map(({ stream, leftOutDays }) => (
        <p key={stream} class="message left-out">
          {say.leftOut(stream, list.format(leftOutDays.value.map((ms) => day.format(ms))))}
        </p>
      ))}
    </div>
  );
}
