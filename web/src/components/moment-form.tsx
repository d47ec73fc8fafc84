import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { recorderNow } from '../api/request.ts';
import { playback, timeline } from '../model/console.ts';
import { around } from '../model/time-range.ts';
import {
  chooseZone,
  dayStart,
  fieldInstant,
  fieldValue,
  LOCAL_ZONE,
  zone,
} from '../model/time-zone.ts';
import { words } from '../words/language.ts';
import { Calendar } from './calendar.tsx';

const DAY_MS = 86_400_000;

/** By which a moment is chosen: date and time of day, a calendar, and the zone that both are in. */
export function MomentForm({ onChoose }: { onChoose: (epochMs: number) => void }) {
  const say = words.value;
  const field = useRef<HTMLInputElement>(null);
  const isOpen = useSignal(false);
  const isTyped = useRef(false);
  const timeZone = zone.value;
  const epochMs = playback.epochMs.peek() ?? recorderNow() - 60_000;
  const go = (event: Event) => {
    event.preventDefault();
    const chosen = fieldInstant(field.current!.value, timeZone);
    if (chosen === undefined) return;
    isTyped.current = false;
    timeline.range.value = around(timeline.range.peek(), chosen);
    onChoose(chosen);
  };
  // It tells the moment that is played, until another one is entered.
  useSignalEffect(() => {
    const played = playback.epochMs.value;
    if (played === undefined || isTyped.current || document.activeElement === field.current) return;
    field.current!.value = fieldValue(played, zone.value);
  });
  const showDay = (startMs: number) => {
    isOpen.value = false;
    timeline.range.value = { startMs, endMs: dayStart(startMs + DAY_MS / 2, timeZone, 1) };
  };
  return (
    <div class="moment">
      <form id="moment-form" class="row" onSubmit={go}>
        <label for="moment">
          {say.dateAndTime}
          <input
            id="moment"
            ref={field}
            type="datetime-local"
            step="1"
            required
            onInput={() => {
              isTyped.current = true;
            }}
            defaultValue={fieldValue(epochMs, timeZone)}
          />
        </label>
        <button type="submit">{say.playFromThere}</button>
        <button
          type="button"
          class="quiet"
          id="calendar-toggle"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value;
          }}
        >
          {say.calendar}
        </button>
        <ZoneChoice />
      </form>
      {isOpen.value && <Calendar epochMs={epochMs} onChoose={showDay} />}
    </div>
  );
}

function ZoneChoice() {
  const say = words.value;
  const named = [LOCAL_ZONE, 'UTC', zone.value];
  const others = Intl.supportedValuesOf('timeZone').filter((name) => !named.includes(name));
  return (
    <label for="zone">
      {say.timeZone}
      <select
        id="zone"
        value={zone.value}
        onChange={(event) => chooseZone(event.currentTarget.value)}
      >
        <option value={LOCAL_ZONE}>{say.localTime(LOCAL_ZONE)}</option>
        {[...new Set(named)]
          .filter((name) => name !== LOCAL_ZONE)
          .map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        <optgroup label={say.otherZones}>
          {others.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}
